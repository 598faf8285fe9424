"""Limits of time and number, each set low enough to be met."""

import time

import pytest

from raw import Raw, get, request


def ends_within(raw, seconds):
    """What came before the connection ended, if it ended in time."""
    raw.socket.settimeout(seconds)
    return raw.rest()


@pytest.mark.parametrize("head", [b"GET /health HTTP/1.1\r\nHost: a\r\n", b"G"])
def test_a_head_that_takes_too_long_is_408(start, head):
    server = start(HELIOGRAPH_HTTP_HEADER_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(head)
        assert b" 408 " in ends_within(raw, 4)


def test_a_head_that_drips_is_408_all_the_same(start):
    server = start(HELIOGRAPH_HTTP_HEADER_TIMEOUT="1s")
    with Raw(server) as raw:
        begin = time.monotonic()
        for byte in get("/health", "A: " + "b" * 100):
            raw.send_as_far_as_possible(bytes([byte]))
            time.sleep(0.05)
            if time.monotonic() - begin > 2:
                break
        assert b" 408 " in ends_within(raw, 4)


def test_a_body_that_stops_is_408(start):
    server = start(HELIOGRAPH_HTTP_BODY_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(request("POST", "/bench/echo", "Content-Length: 100") + b"{")
        assert b" 408 " in ends_within(raw, 4)


@pytest.mark.parametrize("first", [b"", get("/bench/json")], ids=["silent", "kept"])
def test_an_idle_connection_ends_quietly(start, first):
    server = start(HELIOGRAPH_HTTP_IDLE_TIMEOUT="1s")
    with Raw(server) as raw:
        raw.send(first)
        if first:
            assert raw.answer().status == 200
        assert ends_within(raw, 4) == b""


def test_a_client_that_takes_nothing_is_cut_off(start):
    server = start(HELIOGRAPH_HTTP_WRITE_TIMEOUT="1s")
    before = server.open_files()
    with Raw(server) as raw:
        raw.socket.setblocking(False)
        raw.socket.send(get("/openapi.json") * 2000)
        deadline = time.monotonic() + 6
        while server.open_files() > before:
            assert time.monotonic() < deadline, "the connection is still there"
            time.sleep(0.1)


def test_one_address_gets_only_so_many_connections(start):
    server = start(HELIOGRAPH_HTTP_CONNECTIONS_PER_ADDRESS_MAX=3)
    assert answers_again(server)
    time.sleep(0.1)
    kept = [Raw(server) for _ in range(3)]
    for raw in kept:
        raw.send(get("/bench/json"))
        assert raw.answer().status == 200
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
    assert answers_again(server)
    time.sleep(0.1)
    kept = [Raw(server) for _ in range(5)]
    for raw in kept:
        raw.send(get("/bench/json"))
        assert raw.answer().status == 200
    with Raw(server) as refused:
        refused.send_as_far_as_possible(get("/bench/json"))
        assert refused_politely(refused)
    for raw in kept:
        raw.socket.close()
    assert answers_again(server)


def refused_politely(raw):
    """A connection over a limit is closed, or told 503 first."""
    try:
        answer = raw.rest()
    except ConnectionResetError:
        return True
    return answer == b"" or b" 503 " in answer


def answers_again(server):
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            with Raw(server) as raw:
                raw.send(get("/bench/json"))
                return raw.answer().status == 200
        except (EOFError, ConnectionError):
            time.sleep(0.05)
    return False
