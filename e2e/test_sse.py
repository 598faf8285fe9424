"""Server-sent events, streamed over each protocol."""

import httpx
import pytest
from hyperframe.frame import DataFrame, RstStreamFrame, WindowUpdateFrame

from frames import Frames, head


@pytest.fixture
def stream(protocol, protocol_server):
    """Opens an event stream over the protocol under test."""
    version = "1.1" if protocol.endswith("1.1") else "2"
    verify = protocol_server.certificates.context() if protocol_server.certificates else True
    client = httpx.Client(
        base_url=protocol_server.url(), http1=version == "1.1", http2=version == "2", verify=verify, timeout=20,
        trust_env=False)
    with client:
        yield lambda path: client.stream("GET", path, headers={"Accept": "text/event-stream"})


def events(response):
    """The data of each event, as a browser would hand it out."""
    data = []
    for line in response.iter_lines():
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


@pytest.mark.parametrize("count", [1, 5, 1000])
def test_each_event_arrives_once_and_the_stream_ends(stream, count):
    with stream(f"/bench/sse?count={count}") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] in ("no-cache", "no-store")
        assert len(list(events(response))) == count


def test_events_that_come_together_share_frames(server):
    with Frames(server) as client:
        client.send(WindowUpdateFrame(0, window_increment=1 << 20), head(1, path="/bench/sse?count=1000"))
        frames, body = 0, b""
        while frame := client.receive():
            if isinstance(frame, DataFrame):
                frames, body = frames + 1, body + frame.data
                if "END_STREAM" in frame.flags:
                    break
    assert body.count(b"\n\n") == 1000
    assert frames < 200


def test_a_client_may_leave_in_the_middle(server):
    for _ in range(5):
        with httpx.stream("GET", server.url("/bench/sse?count=100000"), timeout=30) as response:
            next(events(response))
    with httpx.stream("GET", server.url("/bench/sse?count=3"), timeout=30) as response:
        assert len(list(events(response))) == 3


def test_a_client_may_leave_streams_of_a_connection_in_the_middle(server):
    """httpx does not tell the server that it has left an HTTP/2 stream; this does."""
    with Frames(server) as client:
        for stream in range(1, 41, 2):
            client.send(head(stream, path="/bench/sse?count=100000"))
            assert client.status(stream) == 200
            client.send(RstStreamFrame(stream, error_code=8), WindowUpdateFrame(0, window_increment=1 << 17))
        client.send(head(41, path="/bench/json"))
        assert client.status(41) == 200
