"""Limits of time and number, each set low enough to be met."""

import pathlib
import time

import pytest

from raw import Raw, get, request


# More than a limit of one second takes, and less than each of them takes by default.
SOON = 8


def ends_soon(raw):
    """What came before the connection ended, if it ended in time."""
    raw.socket.settimeout(SOON)
    return raw.rest()


@pytest.mark.parametrize("head", [b"GET /health HTTP/1.1\r\nHost: a\r\n", b"G"])
def test_a_head_that_takes_too_long_is_408(start, head):
    server = start(HELIOGRAPH_HTTP_HEADER_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(head)
        assert b" 408 " in ends_soon(raw)


def test_a_head_that_drips_is_408_all_the_same(start):
    server = start(HELIOGRAPH_HTTP_HEADER_TIMEOUT="1s")
    with Raw(server) as raw:
        begin = time.monotonic()
        for byte in get("/health", "A: " + "b" * 100):
            raw.send_as_far_as_possible(bytes([byte]))
            time.sleep(0.05)
            if time.monotonic() - begin > 2:
                break
        assert b" 408 " in ends_soon(raw)


def test_a_body_that_stops_is_408(start):
    server = start(HELIOGRAPH_HTTP_BODY_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(request("POST", "/bench/echo", "Content-Length: 100") + b"{")
        assert b" 408 " in ends_soon(raw)


@pytest.mark.parametrize("first", [b"", get("/bench/json")], ids=["silent", "kept"])
def test_an_idle_connection_ends_quietly(start, first):
    server = start(HELIOGRAPH_HTTP_IDLE_TIMEOUT="2s")
    with Raw(server) as raw:
        raw.send(first)
        if first:
            assert raw.answer().status == 200
        assert ends_soon(raw) == b""


def test_a_client_that_takes_nothing_is_cut_off(start):
    server = start(HELIOGRAPH_HTTP_WRITE_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(get("/bench/json"))
        assert raw.answer().status == 200
        raw.socket.setblocking(False)
        raw.socket.send(get("/openapi.json") * 2000)
        assert connections(server)
        deadline = time.monotonic() + 20
        while connections(server):
            assert time.monotonic() < deadline, "the connection is still there"
            time.sleep(0.1)


def connections(server):
    """The connections that the server has open."""
    local, known = f"0100007F:{server.port:04X}", 0
    for line in pathlib.Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        # Established, or closed by the client alone.
        known += fields[1] == local and fields[3] in ("01", "08")
    return known


def test_one_address_gets_only_so_many_connections(start):
    server = start(HELIOGRAPH_HTTP_CONNECTIONS_PER_ADDRESS_MAX=3)
    kept = opened(server, 3)
    with Raw(server) as refused:
        refused.send_as_far_as_possible(get("/bench/json"))
        assert refused_politely(refused)
    with Raw(server, source=("127.0.0.2", 0)) as other:
        other.send(get("/bench/json"))
        assert other.answer().status == 200
    kept.pop().socket.close()
    assert answers_again(server)


def test_the_server_holds_only_so_many_connections(start):
    server = start(HELIOGRAPH_HTTP_CONNECTIONS_MAX=5)
    kept = opened(server, 5)
    with Raw(server) as refused:
        refused.send_as_far_as_possible(get("/bench/json"))
        assert refused_politely(refused)
    for raw in kept:
        raw.socket.close()
    assert answers_again(server)


def opened(server, count):
    """So many connections that were answered; those from before may still count for a moment."""
    kept, deadline = [], time.monotonic() + 20
    while len(kept) < count:
        assert time.monotonic() < deadline, f"only {len(kept)} are let in"
        raw = Raw(server)
        try:
            raw.send(get("/bench/json"))
            assert raw.answer().status == 200
            kept.append(raw)
        except (EOFError, ConnectionError, AssertionError):
            raw.socket.close()
            time.sleep(0.05)
    return kept


def refused_politely(raw):
    """A connection over a limit is closed, or told 503 first."""
    try:
        answer = raw.rest()
    except ConnectionResetError:
        return True
    return answer == b"" or b" 503 " in answer


def answers_again(server):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with Raw(server) as raw:
                raw.send(get("/bench/json"))
                return raw.answer().status == 200
        except (EOFError, ConnectionError):
            time.sleep(0.05)
    return False
