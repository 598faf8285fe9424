"""HTTP/2 frame by frame, with no state that would object to what is sent."""

import socket

import hpack
from hyperframe.frame import ContinuationFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

from http2 import fields

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def head(stream, method="GET", path="/bench/json", flags=("END_HEADERS", "END_STREAM"), others=()):
    """The frame that opens a stream with a request; its field block stands alone."""
    block = hpack.Encoder().encode(fields(method, path, *others))
    return HeadersFrame(stream, block, flags=flags)


class RawFrame(Frame):
    """A frame of any type and body."""

    def __init__(self, kind, stream, body):
        super().__init__(stream)
        self.type, self.payload = kind, body

    def serialize_body(self):
        return self.payload


class Frames:
    """A connection whose preface has been sent; answers pings and settings only."""

    def __init__(self, server, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.decoder = hpack.Decoder()
        self.buffer = b""
        self.socket.sendall(PREFACE)
        self.send(SettingsFrame(0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        """True while the server still listens."""
        try:
            self.socket.sendall(b"".join(frame.serialize() for frame in frames))
            return True
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            return False

    def receive(self):
        """The next frame; None at the end of the connection."""
        header = self._exactly(9)
        if header is None:
            return None
        frame, size = Frame.parse_frame_header(memoryview(header))
        body = self._exactly(size)
        if body is None:
            return None
        frame.parse_body(memoryview(body))
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.send(SettingsFrame(0, flags=("ACK",)))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(PingFrame(0, frame.opaque_data, flags=("ACK",)))
        return frame

    def until_goaway(self):
        """The error code with which the server ends the connection; None where it just ends."""
        while frame := self.receive():
            if isinstance(frame, GoAwayFrame):
                return frame.error_code
        return None

    def status(self, stream):
        """The status of a stream's answer; None where the stream or the connection ends without one."""
        block = b""
        while frame := self.receive():
            if isinstance(frame, GoAwayFrame) and frame.error_code:
                return None
            if frame.stream_id != stream:
                continue
            if isinstance(frame, RstStreamFrame):
                return None
            if isinstance(frame, (HeadersFrame, ContinuationFrame)):
                block += frame.data
                if "END_HEADERS" in frame.flags:
                    return int(dict(self.decoder.decode(block))[":status"])
        return None

    def _exactly(self, count):
        while len(self.buffer) < count:
            try:
                data = self.socket.recv(65_536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data
