"""One HTTP/2 connection in clear text over the `h2` library, which keeps its state."""

import socket

import h2.config
import h2.connection
import h2.events


def fields(method, path, *others):
    return [(":method", method), (":scheme", "http"), (":authority", "127.0.0.1"), (":path", path), *others]


class Http2:
    """A connection whose preface has been sent."""

    def __init__(self, server, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.flush()
        self.events = []
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def request(self, method, path, *others, body=None):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, fields(method, path, *others), end_stream=body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def pump(self):
        """Takes in what has come; False at the end of the connection."""
        try:
            data = self.socket.recv(262_144)
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return False
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.events.append(event)
        try:
            self.flush()
        except (BrokenPipeError, ConnectionResetError):
            pass
        return True

    def of(self, kind, stream=None):
        """The events of a kind so far."""
        return [one for one in self.events
                if isinstance(one, kind) and (stream is None or one.stream_id == stream)]

    def wait_for(self, kind, stream=None):
        """The first event of a kind; None where the connection ends without."""
        while not (found := self.of(kind, stream)):
            if not self.pump():
                found = self.of(kind, stream)
                return found[0] if found else None
        return found[0]

    def status(self, stream):
        """The status of a stream's answer once it is complete; None where it was reset."""
        while not self.of(h2.events.StreamEnded, stream) and not self.of(h2.events.StreamReset, stream):
            if not self.pump():
                break
        answers = self.of(h2.events.ResponseReceived, stream)
        return int(dict(answers[0].headers)[":status"]) if answers else None
