"""WebSocket, by the `websockets` client and by hand."""

import base64
import os
import struct
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from raw import Raw, get

PATH = "/bench/ws"
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")


def open_socket(server, **options):
    if server.certificates:
        options["ssl"] = server.certificates.context()
    return connect(server.url(PATH).replace("http", "ws", 1), open_timeout=30, max_size=None, proxy=None, **options)


@pytest.fixture(params=["server", "tls_server"])
def any_server(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("compression", ["deflate", None])
@pytest.mark.parametrize("message", ["hello", "", "ü" * 1000, b"\x00\xff" * 500, b"", "a" * 300_000], ids=len)
def test_messages_come_back_as_they_went(any_server, compression, message):
    with open_socket(any_server, compression=compression) as client:
        client.send(message)
        assert client.recv(timeout=30) == message


def test_compression_is_agreed_on_only_when_offered(server):
    with open_socket(server) as client:
        assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
    with open_socket(server, compression=None) as client:
        assert "Sec-WebSocket-Extensions" not in client.response.headers


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_message_may_come_in_fragments(server, compression):
    with open_socket(server, compression=compression) as client:
        client.send(["hel", "", "lo ", "wörld"])
        assert client.recv(timeout=30) == "hello wörld"


def test_many_messages_keep_their_order(server):
    with open_socket(server) as client:
        for number in range(2000):
            client.send(str(number))
        assert [client.recv(timeout=30) for _ in range(2000)] == [str(number) for number in range(2000)]


def test_a_ping_is_answered_also_between_fragments(server):
    with HandMade(server) as client:
        client.send(0x01, b"a")
        client.send(0x89, b"there?")
        client.send(0x80, b"b")
        assert client.receive() == (0x8A, b"there?")
        assert client.receive() == (0x81, b"ab")


def test_the_close_handshake_is_answered_with_its_code(server):
    with HandMade(server) as client:
        client.send(0x88, struct.pack("!H", 1000) + b"bye")
        first, payload = client.receive()
        assert first == 0x88 and payload[:2] == struct.pack("!H", 1000)
        assert client.raw.is_closed()


class HandMade:
    """A WebSocket client that sends what it is told."""

    def __init__(self, server):
        self.raw = Raw(server)
        key = base64.b64encode(os.urandom(16)).decode()
        self.raw.send(get(PATH, *UPGRADE, f"Sec-WebSocket-Key: {key}"))
        assert self.raw.answer().status == 101

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.socket.close()

    def send(self, first, payload, masked=True):
        size = len(payload)
        lengths = bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)
        mask = os.urandom(4) if masked else b""
        body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if masked else payload
        self.raw.send(bytes([first, lengths[0] | (0x80 if masked else 0)]) + lengths[1:] + mask + body)

    def receive(self):
        first, size = self.raw._exactly(2)
        assert not size & 0x80, "a server masks nothing"
        if size == 126:
            size = struct.unpack("!H", self.raw._exactly(2))[0]
        return first, self.raw._exactly(size)


BROKEN = {
    "an unmasked frame": ((0x81, b"a", False), 1002),
    "a reserved bit": ((0x91, b"a"), 1002),
    "compression that was not agreed on": ((0xC1, b"a"), 1002),
    "an unknown opcode": ((0x83, b"a"), 1002),
    "an unknown control opcode": ((0x8B, b"a"), 1002),
    "a ping in fragments": ((0x09, b"a"), 1002),
    "a ping that is too long": ((0x89, b"a" * 126), 1002),
    "a continuation of nothing": ((0x80, b"a"), 1002),
    "a text that is no UTF-8": ((0x81, b"a\xff"), 1007),
    "a surrogate": ((0x81, b"\xed\xa0\x80"), 1007),
    "a text that ends within a character": ((0x81, b"\xe2\x82"), 1007),
    "a close of one byte": ((0x88, b"a"), 1002),
    "a close with a code that may not be sent": ((0x88, struct.pack("!H", 1005)), 1002),
    "a close with a reason that is no UTF-8": ((0x88, struct.pack("!H", 1000) + b"\xff"), 1007),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames_end_the_connection_with_their_code(server, name):
    frame, code = BROKEN[name]
    with HandMade(server) as client:
        client.send(*frame)
        first, payload = client.receive()
        assert first == 0x88 and struct.unpack("!H", payload[:2])[0] == code
        assert client.raw.is_closed()


def test_a_new_message_within_another_is_refused(server):
    with HandMade(server) as client:
        client.send(0x01, b"a")
        client.send(0x81, b"b")
        first, payload = client.receive()
        assert first == 0x88 and struct.unpack("!H", payload[:2])[0] == 1002


def test_a_message_that_is_too_large_is_refused(server):
    with open_socket(server, compression=None) as client, pytest.raises(ConnectionClosed) as closed:
        client.send(b"a" * 200_000_000)
        client.recv(timeout=30)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_a_small_frame_that_unpacks_to_too_much_is_refused(server):
    before = server.rss_bytes()
    with open_socket(server) as client, pytest.raises(ConnectionClosed) as closed:
        client.send(b"\0" * 200_000_000)
        client.recv(timeout=40)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    assert server.rss_bytes() - before < 100 << 20


KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
UNFIT = {
    "no upgrade at all": ((), {400, 426}),
    "an old version": (("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8", KEY), {426}),
    "no key": (UPGRADE, {400}),
    "a key that is none": ((*UPGRADE, "Sec-WebSocket-Key: short"), {400}),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_handshake_that_does_not_fit_is_refused(server, name):
    fields, statuses = UNFIT[name]
    with Raw(server) as raw:
        raw.send(get(PATH, *fields))
        answer = raw.answer()
        assert answer.status in statuses
        if answer.status == 426:
            assert answer.headers["upgrade"] == "websocket"
        if name == "an old version":
            assert answer.headers["sec-websocket-version"] == "13"


def test_a_client_that_vanishes_leaves_nothing_behind(server):
    before = server.open_files()
    for _ in range(50):
        with HandMade(server) as client:
            client.send(0x01, b"half a message")
    with open_socket(server) as client:
        client.send("still there?")
        assert client.recv(timeout=30) == "still there?"
    deadline = time.monotonic() + 20
    while server.open_files() >= before + 20:
        assert time.monotonic() < deadline, f"{server.open_files()} files are open, {before} were"
        time.sleep(0.05)
