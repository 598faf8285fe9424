"""TLS: versions, protocols, client certificates, resumption, and new certificates without a restart."""

import signal
import socket
import ssl
import subprocess
import time

import pytest

from raw import Raw, get


def handshake(server, context):
    """One request behind TLS; the socket is closed again."""
    with Raw(server, wrap=context) as raw:
        raw.send(get("/health", "Connection: close"))
        assert raw.answer().status == 200
        return raw.socket.version(), raw.socket.selected_alpn_protocol()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_are_spoken(tls_server, certificates, version):
    context = certificates.context()
    context.minimum_version = context.maximum_version = version
    assert handshake(tls_server, context)[0] == version.name.replace("_", ".")


def test_old_versions_are_refused(tls_server):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{tls_server.port}", "-tls1_1"]
    done = subprocess.run([*command, "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True)
    assert b"Cipher is (NONE)" in done.stdout


@pytest.mark.parametrize(
    "offered, chosen", [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["http/1.1", "h2"], "h2"), (None, None)])
def test_the_protocol_is_agreed_on(tls_server, certificates, offered, chosen):
    context = certificates.context(alpn=offered)
    with Raw(tls_server, wrap=context) as raw:
        assert raw.socket.selected_alpn_protocol() == chosen


def test_a_session_is_resumed(tls_server, certificates):
    context = certificates.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Raw(tls_server, wrap=context) as raw:
        session = raw.socket.session
    plain = socket.create_connection(("127.0.0.1", tls_server.port), 10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
        assert again.session_reused


def test_a_session_of_tls_1_3_is_resumed(tls_server, certificates):
    context = certificates.context()
    with Raw(tls_server, wrap=context) as raw:
        raw.send(get("/health"))
        raw.answer()
        session = raw.socket.session
    plain = socket.create_connection(("127.0.0.1", tls_server.port), 10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
        assert again.session_reused


def test_clear_text_is_turned_away(tls_server):
    with Raw(tls_server) as raw:
        raw.send(get("/health"))
        try:
            answer = raw.rest()
        except ConnectionResetError:
            answer = b""
        assert b" 200 " not in answer


def test_a_client_that_never_finishes_the_handshake_harms_nobody(tls_server, certificates):
    halves = [Raw(tls_server) for _ in range(200)]
    for raw in halves:
        raw.send(b"\x16\x03\x01\x02\x00\x01")
    assert handshake(tls_server, certificates.context())
    for raw in halves:
        raw.socket.close()


@pytest.fixture
def mutual_server(start, certificates):
    return start(certificates=certificates, **certificates.settings(mutual=True))


def test_a_known_client_certificate_is_accepted(mutual_server, certificates):
    assert handshake(mutual_server, certificates.context(client=certificates.client))


@pytest.mark.parametrize("who", ["nobody", "stranger"])
def test_no_certificate_or_a_strange_one_is_refused(mutual_server, certificates, who):
    client = None if who == "nobody" else certificates.stranger
    with pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
        handshake(mutual_server, certificates.context(client=client))


def shown_serial(server, context):
    with Raw(server, wrap=context) as raw:
        return raw.socket.getpeercert()["serialNumber"]


def test_a_new_certificate_is_shown_after_sighup(start, certificates):
    server = start(certificates=certificates, **certificates.settings())
    context = certificates.context()
    before = shown_serial(server, context)
    with Raw(server, wrap=context) as kept:
        certificates.replace_server()
        server.send(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while shown_serial(server, context) == before:
            assert time.monotonic() < deadline, "the old certificate is still shown"
            time.sleep(0.05)
        kept.send(get("/health"))
        assert kept.answer().status == 200, "a connection from before the reload lives on"


def test_a_broken_certificate_is_not_taken(start, certificates, tmp_path):
    certificate, key = certificates.server
    copy = tmp_path / "server.crt"
    copy.write_bytes(certificate.read_bytes())
    settings = certificates.settings() | {"HELIOGRAPH_TLS_CERT": copy}
    server = start(certificates=certificates, **settings)
    before = shown_serial(server, certificates.context())
    copy.write_text("no certificate")
    server.send(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while "reload failed" not in server.log_tail(100_000):
        assert time.monotonic() < deadline, server.log_tail()
        time.sleep(0.02)
    assert shown_serial(server, certificates.context()) == before
