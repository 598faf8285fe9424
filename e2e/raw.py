"""HTTP/1.1 by hand: what no well-behaved client would send, and a strict reader of what comes back."""

import dataclasses
import socket


@dataclasses.dataclass
class RawAnswer:
    status: int
    headers: dict
    body: bytes


class Raw:
    """A socket that sends bytes as they are and reads answers one by one."""

    def __init__(self, server, timeout=15, source=None, wrap=None):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout, source_address=source)
        if wrap:
            self.socket = wrap.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_as_far_as_possible(self, data):
        """Sends until the other side has had enough; its answer may still be read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, method="GET"):
        """The next answer; EOFError where the connection ends before one begins."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        lines = head.split("\r\n")
        assert lines[0].startswith("HTTP/1.1 "), lines[0]
        status = int(lines[0].split(" ")[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            assert name == name.strip() and name, f"bad field {line!r}"
            headers[name.lower()] = value.strip()
        if status < 200 or status in (204, 304) or method == "HEAD":
            return RawAnswer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return RawAnswer(status, headers, self._chunks())
        if "content-length" in headers:
            return RawAnswer(status, headers, self._exactly(int(headers["content-length"])))
        return RawAnswer(status, headers, self.rest())

    def is_closed(self):
        """Whether the other side ends the connection without another byte."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def rest(self):
        while self._fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def _fill(self):
        data = self.socket.recv(262_144)
        self.buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._fill():
                assert not self.buffer, f"the connection ended within an answer: {self.buffer[:200]!r}"
                raise EOFError
        data, _, self.buffer = self.buffer.partition(mark)
        return data

    def _exactly(self, count):
        while len(self.buffer) < count:
            assert self._fill(), "the connection ended within a body"
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _chunks(self):
        body = b""
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"
        while self._until(b"\r\n"):
            pass
        return body


def get(path, *fields, version="1.1"):
    """The bytes of a plain request."""
    return request("GET", path, *fields, version=version)


def request(method, path, *fields, version="1.1", body=None):
    """The bytes of a request; a body brings its length along."""
    lines = [f"{method} {path} HTTP/{version}", "Host: 127.0.0.1", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")
