"""Clients that mean harm: memory stays bounded, and a witness notices nothing."""

import socket
import struct
import threading
import time

import pytest

from raw import Raw, get, request
from witness import Witness

MEGABYTE = 1 << 20
# More than the kernel's buffers hold for one connection.
STREAM = get("/bench/sse?count=100000") * 5


def crowd(server, count):
    """Connections from many addresses, so that no limit for one address is met."""
    return [Raw(server, source=(f"127.0.{1 + number // 200}.1", 0)) for number in range(count)]


def close(clients):
    for raw in clients:
        raw.socket.close()


def reset(raw):
    """Ends a connection without a word."""
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.socket.close()


def drip(server, clients, seconds):
    head = get("/health", "A: " + "b" * 1000)
    for position in range(int(seconds * 5)):
        for raw in clients:
            raw.send_as_far_as_possible(head[position:position + 1])
        time.sleep(0.2)


def test_a_crowd_that_sends_a_byte_at_a_time(server):
    with Witness(server) as witness:
        clients = crowd(server, 500)
        drip(server, clients, 4)
        close(clients)
    assert witness.growth < 500 * 20_000


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_head_that_never_ends_is_given_up(server):
    with Witness(server):
        clients = crowd(server, 200)
        drip(server, clients, 150)
        for raw in clients:
            raw.socket.settimeout(5)
            answer = raw.rest()
            assert not answer or b" 408 " in answer
        close(clients)


def test_ten_thousand_connections(start):
    server = start()
    with Raw(server) as raw:
        raw.send(get("/bench/json"))
        raw.answer()
    with Witness(server) as witness:
        clients = crowd(server, 10_000)
        for raw in clients:
            raw.send(get("/bench/json"))
        for raw in clients:
            assert raw.answer().status == 200
        time.sleep(0.5)
        each = (server.rss_bytes() - witness.start_rss) / len(clients)
        for raw in clients[::100]:
            raw.send(get("/bench/json"))
            assert raw.answer().status == 200
        close(clients)
    assert each < 16 * 1024, f"{each:.0f} bytes a connection"
    deadline = time.monotonic() + 40
    while server.open_files() > 200:
        assert time.monotonic() < deadline, f"{server.open_files()} files are still open"
        time.sleep(0.1)
    assert server.stop() == 0


def test_a_client_that_never_reads(server):
    with Witness(server) as witness:
        clients = crowd(server, 20)
        for raw in clients:
            raw.socket.setblocking(False)
        sent = 0
        until = time.monotonic() + 4
        while time.monotonic() < until:
            for raw in clients:
                try:
                    sent += raw.socket.send(get("/openapi.json") * 500)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    pass
            time.sleep(0.01)
        close(clients)
    assert witness.growth < 40 * MEGABYTE, f"{witness.growth / MEGABYTE:.0f} MB"


def test_a_client_that_never_reads_an_event_stream(server):
    with Witness(server) as witness:
        clients = crowd(server, 20)
        for raw in clients:
            raw.send(STREAM)
        time.sleep(3)
        close(clients)
    assert witness.growth < 40 * MEGABYTE, f"{witness.growth / MEGABYTE:.0f} MB"


def test_clients_that_vanish_within_a_body(server):
    before = server.open_files()
    with Witness(server):
        for _ in range(5):
            clients = crowd(server, 100)
            for raw in clients:
                raw.send(request("POST", "/bench/echo", "Content-Length: 100000") + b"{" + b" " * 5000)
            for raw in clients:
                reset(raw)
    deadline = time.monotonic() + 20
    while server.open_files() > before + 10:
        assert time.monotonic() < deadline, f"{server.open_files()} files are open, {before} were"
        time.sleep(0.05)


def test_clients_that_vanish_within_an_answer(server):
    before = server.open_files()
    with Witness(server):
        for _ in range(5):
            clients = crowd(server, 50)
            for raw in clients:
                raw.send(STREAM)
                assert raw.socket.recv(1000).startswith(b"HTTP/1.1 200")
            for raw in clients:
                reset(raw)
    deadline = time.monotonic() + 20
    while server.open_files() > before + 10:
        assert time.monotonic() < deadline, f"{server.open_files()} files are open, {before} were"
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["Content-Length: 1073741824", "Transfer-Encoding: chunked"])
def test_a_body_of_a_gigabyte(server, how):
    megabyte = b"a" * MEGABYTE
    chunk = megabyte if "Length" in how else b"100000\r\n" + megabyte + b"\r\n"
    with Witness(server) as witness, Raw(server) as raw:
        raw.send(request("POST", "/bench/echo", how))
        sent = 0
        try:
            while sent < 1024:
                raw.send(chunk)
                sent += 1
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        try:
            assert raw.answer().status == 413
        except ConnectionResetError:
            assert sent < 1024
    assert sent < 200, "the server took most of it"
    assert witness.growth < 60 * MEGABYTE, f"{witness.growth / MEGABYTE:.0f} MB"


def test_a_hundred_thousand_pipelined_requests(server):
    count = 100_000
    with Witness(server) as witness, Raw(server) as raw:
        sender = threading.Thread(target=raw.send_as_far_as_possible, args=(get("/bench/json") * count,))
        sender.start()
        received = 0
        tail = b""
        while received < count and (data := raw.socket.recv(MEGABYTE)):
            data = tail + data
            received += data.count(b"HTTP/1.1 200")
            # A status line cut in two is counted with the next piece.
            tail = data[-11:] if b"HTTP/1.1 200" not in data[-11:] else b""
        sender.join()
    assert received == count
    assert witness.growth < 40 * MEGABYTE, f"{witness.growth / MEGABYTE:.0f} MB"


def test_connections_that_come_and_go(server):
    before = server.open_files()
    with Witness(server):
        for _ in range(10):
            clients = crowd(server, 300)
            for raw in clients[::2]:
                reset(raw)
            close(clients)
    deadline = time.monotonic() + 20
    while server.open_files() >= before + 20:
        assert time.monotonic() < deadline, f"{server.open_files()} files are open, {before} were"
        time.sleep(0.05)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_memory_is_flat_under_a_long_mixed_load(server):
    def round_of_everything():
        clients = crowd(server, 500)
        for number, raw in enumerate(clients):
            raw.send(get("/openapi.json") if number % 2 else request("POST", "/bench/echo", body=b'{"update_id": 1}'))
        for raw in clients[::3]:
            assert raw.answer().status == 200
        for raw in clients[1::3]:
            reset(raw)
        close(clients)

    for _ in range(30):
        round_of_everything()
    before = server.rss_bytes()
    until = time.monotonic() + 600
    while time.monotonic() < until:
        round_of_everything()
    assert server.rss_bytes() - before < 15 * MEGABYTE
