"""WebSocket over a stream of an HTTP/2 connection (RFC 8441), by hand over the `h2` library."""

import os
import struct

import h2.events
import h2.settings

from http2 import Http2


def frame(opcode, payload):
    key = os.urandom(4)
    masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + key + masked


class Tunnel:
    """An extended CONNECT that was accepted, and the bytes that came through it."""

    def __init__(self, connection):
        self.connection = connection
        self.stream = connection.h2.get_next_available_stream_id()
        self.received = b""
        self.status = None
        self.ended = False
        fields = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/bench/ws"),
            (":authority", "127.0.0.1"), ("sec-websocket-version", "13"),
        ]
        connection.h2.send_headers(self.stream, fields)
        connection.flush()
        self.wait(lambda: self.status)

    def wait(self, condition):
        while not condition():
            data = self.connection.socket.recv(65536)
            assert data, "the server closed the connection"
            for event in self.connection.h2.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    self.status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.DataReceived):
                    self.received += event.data
                    self.connection.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended = True
            self.connection.flush()

    def send(self, data):
        self.connection.h2.send_data(self.stream, data)
        self.connection.flush()


def test_a_message_comes_back_through_a_stream(server):
    with Http2(server) as connection:
        tunnel = Tunnel(connection)
        assert tunnel.status == "200"
        assert connection.h2.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1
        tunnel.send(frame(1, b"over a stream"))
        tunnel.wait(lambda: len(tunnel.received) >= 15)
        assert tunnel.received == b"\x81\x0dover a stream"


def test_the_close_handshake_ends_the_stream_and_not_the_connection(server):
    with Http2(server) as connection:
        tunnel = Tunnel(connection)
        tunnel.send(frame(8, struct.pack(">H", 1000)))
        tunnel.wait(lambda: tunnel.ended)
        assert tunnel.received == b"\x88\x02\x03\xe8"
        assert Tunnel(connection).status == "200"
