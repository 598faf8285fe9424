"""SIGTERM and SIGINT: nothing that was accepted is lost, and the process ends well and in time."""

import signal
import socket
import threading
import time

import h2.events
import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, PingFrame
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from frames import Frames, head
from http2 import Http2, fields
from raw import Raw, get, request


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_at_once(start, number):
    server = start()
    begin = time.monotonic()
    assert server.stop(number) == 0
    # Nothing waits for the deadline, which is 15 s.
    assert time.monotonic() - begin < 10


def test_idle_connections_do_not_hold_the_end_up(start):
    server = start()
    clients = [Raw(server) for _ in range(50)]
    for raw in clients[:25]:
        raw.send(get("/bench/json"))
        assert raw.answer().status == 200
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 12
    assert all(raw.is_closed() for raw in clients)


def begin_body(raw, size):
    """A request whose head has arrived, and whose body is awaited."""
    raw.send(request("POST", "/bench/echo", "Expect: 100-continue", f"Content-Length: {size}"))
    assert raw.answer().status == 100


def wait_until_stopping(server):
    """Returns once nobody new is let in."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", server.port), 2).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("it still lets everybody in")


def test_a_request_half_sent_is_finished(start):
    server = start()
    body = b'{"update_id": 9}'
    with Raw(server) as raw:
        begin_body(raw, len(body))
        raw.send(body[:5])
        server.send(signal.SIGTERM)
        wait_until_stopping(server)
        # The listener goes first, and the connections are told at once afterwards.
        time.sleep(0.3)
        raw.send(body[5:])
        answer = raw.answer()
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert raw.is_closed()
    assert server.wait() == 0


def test_pipelined_requests_that_have_arrived_are_answered(start):
    server = start()
    with Raw(server) as raw:
        raw.send(get("/bench/json") * 5000)
        assert raw.answer().status == 200
        server.send(signal.SIGTERM)
        answered = 1
        try:
            while True:
                assert raw.answer().status == 200
                answered += 1
        except (EOFError, ConnectionResetError):
            pass
    assert answered == 5000
    assert server.wait() == 0


class Loader(threading.Thread):
    """Sends one request after the other over one connection until it ends."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.raw = Raw(server)
        self.answers = 0
        self.last_sent = 0.0
        self.unanswered = False
        self.broken = None

    def run(self):
        try:
            while True:
                self.last_sent = time.monotonic()
                self.unanswered = True
                self.raw.send(get("/bench/json"))
                answer = self.raw.answer()
                self.unanswered = False
                self.answers += 1
                assert answer.status == 200
                if answer.headers.get("connection") == "close":
                    return
        except (EOFError, ConnectionResetError, BrokenPipeError):
            pass
        except Exception as error:
            self.broken = error


@pytest.mark.parametrize("attempt", range(3))
def test_every_request_sent_before_the_signal_is_answered(start, attempt):
    server = start()
    loaders = [Loader(server) for _ in range(64)]
    for loader in loaders:
        loader.start()
    deadline = time.monotonic() + 30
    while not all(loader.answers > 5 for loader in loaders):
        assert time.monotonic() < deadline, [loader.answers for loader in loaders]
        time.sleep(0.02)
    time.sleep(0.2)
    signalled = time.monotonic()
    server.send(signal.SIGTERM)
    for loader in loaders:
        loader.join(30)
        assert not loader.is_alive(), "a connection was neither answered nor closed"
    assert [loader.broken for loader in loaders if loader.broken] == []
    lost = [loader for loader in loaders if loader.unanswered and loader.last_sent < signalled]
    assert not lost, f"{len(lost)} of {len(loaders)} connections lost a request from before the signal"
    # Half a second long also what comes afterwards is answered; then nobody can tell what met the end on its way.
    late = [loader for loader in loaders if loader.unanswered and loader.last_sent < signalled + 0.1]
    assert not late, f"{len(late)} of {len(loaders)} connections lost a request from after the signal"
    assert all(loader.answers > 0 for loader in loaders)
    assert server.wait() == 0


def test_nobody_new_is_let_in_while_the_rest_is_finished(start):
    server = start()
    with Raw(server) as raw:
        begin_body(raw, 16)
        raw.send(b"{")
        server.send(signal.SIGTERM)
        wait_until_stopping(server)
        assert server.is_running
        raw.send(b'"update_id": 9}')
        assert raw.answer().status == 200
    assert server.wait() == 0


def test_http_2_streams_are_finished_before_goaway_ends_the_connection(start):
    server = start()
    with Http2(server) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, fields("POST", "/bench/echo"))
        client.h2.ping(b"arrived?")
        client.flush()
        assert client.wait_for(h2.events.PingAckReceived)
        server.send(signal.SIGTERM)
        goaway = client.wait_for(h2.events.ConnectionTerminated)
        assert goaway.error_code == 0 and goaway.last_stream_id >= stream
    assert server.wait() == 0


def test_many_http_2_streams_under_way_are_answered(start):
    server = start()
    with Frames(server) as client:
        client.send(*(head(stream, path="/bench/slow?ms=300") for stream in range(1, 200, 2)))
        client.send(PingFrame(0, b"arrived?"))
        ended, last = set(), None
        while frame := client.receive():
            if isinstance(frame, PingFrame) and "ACK" in frame.flags:
                server.send(signal.SIGTERM)
            if isinstance(frame, GoAwayFrame):
                last = frame.last_stream_id
            if isinstance(frame, DataFrame) and "END_STREAM" in frame.flags:
                ended.add(frame.stream_id)
    assert ended == set(range(1, 200, 2)), f"GOAWAY named {last}"
    assert server.wait() == 0


def test_a_websocket_is_told_that_the_server_goes_away(start):
    server = start()
    with connect(f"ws://127.0.0.1:{server.port}/bench/ws", proxy=None) as client:
        client.send("hello")
        assert client.recv(timeout=5) == "hello"
        server.send(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
    assert closed.value.rcvd.code in (1001, 1012)
    assert server.wait() == 0


def test_a_client_that_never_finishes_does_not_hold_the_end_up_for_ever(start):
    server = start(HELIOGRAPH_SHUTDOWN_DEADLINE="2s")
    with Raw(server) as raw:
        begin_body(raw, 16)
        raw.send(b"{")
        begin = time.monotonic()
        assert server.stop() == 75
        assert 1.5 < time.monotonic() - begin < 12
    assert "not finished" in server.log_tail()
