"""Behind nginx: whose address counts, and who is believed about it."""

import contextlib
import os
import shutil
import subprocess
import time

import httpx
import pytest

from realm import PASSWORD, Realm
from server import BINARY, free_port

ME = "/api/v1/auth/me"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(folder, upstream):
    """nginx in front of a server; the way to ask through it from an address of loopback."""
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    folder.mkdir()
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, upstream=upstream))
    process = subprocess.Popen(
        [binary, "-p", folder, "-c", folder / "nginx.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(path, source="127.0.7.1", json=None, **headers):
        transport = httpx.HTTPTransport(local_address=source)
        with httpx.Client(transport=transport, trust_env=False, timeout=20) as client:
            method = "GET" if json is None else "POST"
            return client.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, json=json)

    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                if ask("/health").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield ask
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("proxied"), HELIOGRAPH_HTTP_TRUSTED_PROXIES="127.0.0.1") as realm:
        yield realm


@pytest.fixture(scope="module")
def ask(realm, tmp_path_factory):
    with nginx(tmp_path_factory.mktemp("nginx") / "run", realm.port) as ask:
        yield ask


def test_a_key_bound_to_addresses_is_good_from_behind_the_proxy(realm, ask):
    bound = realm.key(addresses=["127.0.7.0/24"])
    assert ask(ME, **bound.headers).status_code == 200
    assert ask(ME, source="127.0.8.1", **bound.headers).status_code == 401


def test_what_a_client_claims_is_not_believed_through_the_proxy(realm, ask):
    bound = realm.key(addresses=["192.0.2.0/24"])
    for claim in ("192.0.2.1", "192.0.2.1, 192.0.2.1"):
        answer = ask(ME, **bound.headers, **{"x-forwarded-for": claim})
        assert answer.status_code == 401


def test_who_is_no_trusted_proxy_is_not_believed(realm):
    bound = realm.key(addresses=["192.0.2.0/24"])
    transport = httpx.HTTPTransport(local_address="127.0.7.1")
    with httpx.Client(transport=transport, base_url=realm.url(), trust_env=False) as client:
        answer = client.get(ME, headers=bound.headers | {"x-forwarded-for": "192.0.2.1"})
    assert answer.status_code == 401


def test_the_audit_log_names_the_client(realm, ask):
    assert ask("/api/v1/users", source="127.0.7.9", authorization="Bearer hg_wrong_key").status_code == 401
    deadline = time.monotonic() + 10
    while "127.0.7.9" not in realm.admin.get("/api/v1/audit?limit=50").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_answers_over_tls_that_the_proxy_ends_are_for_tls_alone(ask, realm):
    assert "strict-transport-security" in ask("/docs").headers
    assert "strict-transport-security" not in httpx.get(realm.url("/docs"), trust_env=False).headers


def test_cookies_behind_a_proxy_that_ends_tls_are_for_tls_alone(ask, realm):
    body = {"username": "root", "password": PASSWORD, "cookie": True}
    through = ask("/api/v1/auth/login", json=body)
    direct = httpx.post(realm.url("/api/v1/auth/login"), json=body, trust_env=False)
    for answer, is_secure in ((through, True), (direct, False)):
        fields = answer.headers.get_list("set-cookie")
        assert len(fields) == 2 and all(("; Secure" in field) == is_secure for field in fields)


def test_clients_behind_the_proxy_have_budgets_of_their_own(tmp_path):
    limits = {
        "HELIOGRAPH_LIMITS_ENABLED": "true", "HELIOGRAPH_LIMITS_ADDRESS_PER_SECOND": 1,
        "HELIOGRAPH_LIMITS_ADDRESS_BURST": 3, "HELIOGRAPH_LIMITS_DELAY_MAX": "0s"}
    with Realm.running(tmp_path / "node", HELIOGRAPH_HTTP_TRUSTED_PROXIES="127.0.0.1/32", **limits) as realm, \
            nginx(tmp_path / "nginx", realm.port) as ask:
        statuses = [ask("/docs", source="127.0.7.1").status_code for _ in range(30)]
        assert 429 in statuses
        assert ask("/docs", source="127.0.7.2").status_code == 200


def test_a_network_that_is_none_is_told_at_the_start(tmp_path):
    realm = Realm(tmp_path, HELIOGRAPH_HTTP_TRUSTED_PROXIES="10.0.0.0/8, nonsense")
    done = subprocess.run([BINARY, "serve"], env=realm.environment, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert 'HELIOGRAPH_HTTP_TRUSTED_PROXIES: "nonsense" is no network' in done.stderr
