"""Keys change under load: no request fails, and afterwards nothing needs the old one."""

import importlib.util
import itertools
import threading
import time

import httpx
import pytest

import databases
from server import ROOT

_spec = importlib.util.spec_from_file_location("signing", ROOT / "docs/signing.py")
signing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(signing)

PASSWORD = "a long enough password"


class Load:
    """Requests of every kind that needs a sealed secret, until it is told to stop."""

    def __init__(self, server, key_id, secret):
        self.server, self.key_id, self.secret = server, key_id, secret
        self.failures, self.counts = [], {}
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=[step]) for step in (self._sign, self._sign_in)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for_more(self):
        """Everything has been asked for again, more than once."""
        before, deadline = dict(self.counts), time.monotonic() + 30
        while not (self.counts.get("login") and all(
                self.counts.get(what, 0) > before.get(what, 0) + 1 for what in ("signed", "refresh", "token"))):
            assert not self.failures and time.monotonic() < deadline, (self.failures, before, self.counts)
            time.sleep(0.01)

    def _run(self, step):
        with httpx.Client(base_url=self.server.url(), trust_env=False, timeout=20) as client:
            for number in itertools.count():
                if self.over.is_set():
                    return
                try:
                    step(client, number)
                except Exception as failure:
                    self.failures.append(repr(failure))
                    return

    def _expect(self, answer, what):
        self.counts[what] = self.counts.get(what, 0) + 1
        if answer.status_code >= 300:
            self.failures.append(f"{what}: {answer.status_code} {answer.text}")

    def _sign(self, client, number):
        target = f"/api/v1/auth/me?n={number}"
        field = signing.authorization(self.key_id, self.secret, "GET", target)
        self._expect(client.get(target, headers={"Authorization": field}), "signed")

    def _sign_in(self, client, number):
        # Tokens of a login are signed by what the vault holds; so are those that a refresh gives.
        # More logins would meet the limit on tries.
        if number == 0:
            answer = client.post("/api/v1/auth/login", json={"username": "ada", "password": PASSWORD})
            self._expect(answer, "login")
        else:
            answer = client.post("/api/v1/auth/refresh", json={"refreshToken": self.refresh})
            self._expect(answer, "refresh")
        data = answer.json()["data"]
        self.refresh = data["refreshToken"]
        self._expect(client.get(
            "/api/v1/auth/me", headers={"Authorization": f"Bearer {data['accessToken']}"}), "token")


@pytest.fixture(params=databases.KINDS)
def node(request, start, tmp_path):
    with databases.fresh(request.param, tmp_path) as url:
        server = start(DATABASE_URL=url)
        server.command("user", "create", "--username", "ada", "--admin", "--password-stdin", given=PASSWORD + "\n")
        yield server


def test_encryption_keys_rotate_under_load_and_the_old_one_is_not_needed(node):
    key, secret = node.command("key", "create", "--username", "ada", "--signing").splitlines()
    key_id, secret = key.split("_")[1], bytes.fromhex(secret)
    file = node.folder / "data/encryption.keys"
    with Load(node, key_id, secret) as load:
        load.wait_for_more()
        node.command("rotate-keys", "--new-key", "--pause", "2")
        load.wait_for_more()
    assert load.failures == []
    # The old key goes: what is sealed is opened by the new one alone, by this process and by the next.
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    assert [line.split(":")[0] for line in lines] == ["2", "1"]
    file.write_text(lines[0] + "\n")
    assert node.stop() == 0
    node.start()
    target = "/api/v1/auth/me"
    field = signing.authorization(key_id, secret, "GET", target)
    assert httpx.get(node.url(target), headers={"Authorization": field}, timeout=30).status_code == 200
    assert httpx.get(node.url(target), headers={"Authorization": f"Bearer {key}"}, timeout=30).status_code == 200
    login = httpx.post(node.url("/api/v1/auth/login"), json={"username": "ada", "password": PASSWORD}, timeout=30)
    assert login.status_code == 200


def test_keys_of_tokens_rotate_under_load(node):
    key, secret = node.command("key", "create", "--username", "ada", "--signing").splitlines()
    with Load(node, key.split("_")[1], bytes.fromhex(secret)) as load:
        for _ in range(5):
            before = load.counts.get("token", 0)
            answer = httpx.post(
                node.url("/api/v1/auth/rotate-signing-key"), headers={"Authorization": f"Bearer {key}"}, timeout=30)
            assert answer.status_code == 200
            deadline = time.monotonic() + 45
            while load.counts.get("token", 0) < before + 5:
                assert not load.failures and time.monotonic() < deadline, load.failures
                time.sleep(0.005)
    assert load.failures == []
