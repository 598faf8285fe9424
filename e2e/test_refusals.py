"""What is refused before a route is looked for is counted and has its line in the access log."""

import json
import time

import httpx
import prometheus_client.parser
import pytest

from http2 import Http2, fields
from raw import Raw, get, request

HTTP1 = {
    400: b"NONSENSE\r\n\r\n",
    408: b"GET / HT",
    413: request("POST", "/bench/echo", "Content-Length: 99999999"),
    414: get("/" + "a" * 9000),
    417: request("POST", "/bench/echo", "Expect: more", "Content-Length: 2"),
    431: get("/", "A: " + "b" * 40_000),
}
HTTP2 = {
    413: ("POST", "/bench/echo", [("content-length", "99999999")]),
    414: ("GET", "/" + "a" * 9000, []),
    417: ("POST", "/bench/echo", [("expect", "more")]),
    431: ("GET", "/", [(f"a{number}", "b") for number in range(200)]),
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    from server import Server

    settings = {"HELIOGRAPH_LOG_ACCESS": 1, "HELIOGRAPH_HTTP_HEADER_TIMEOUT": "2s"}
    server = Server(tmp_path_factory.mktemp("counted"), **settings).start()
    yield server
    assert server.stop() == 0


def count(server, status):
    """The answers of a status that no route gave."""
    text = httpx.get(server.url("/metrics"), timeout=30).text
    labels = {"method": "other", "route": "none", "status": str(status)}
    return sum(
        sample.value for family in prometheus_client.parser.text_string_to_metric_families(text)
        for sample in family.samples if sample.name == "http_requests_total" and sample.labels == labels)


def line(server, status, version):
    """The access log's line about a refusal; the log is written by a thread of its own."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for text in server.log_lines():
            one = json.loads(text)
            if (one.get("status"), one.get("version"), one.get("route")) == (status, version, "none"):
                return one
        time.sleep(0.02)
    raise AssertionError(f"no line for {status} over {version}:\n{server.log_tail()}")


@pytest.mark.parametrize("status", HTTP1)
def test_a_refusal_over_http_1_is_counted_and_logged(counted, status):
    before = count(counted, status)
    with Raw(counted) as raw:
        raw.send_as_far_as_possible(HTTP1[status])
        answer = raw.answer()
    assert answer.status == status
    assert count(counted, status) == before + 1
    written = line(counted, status, "HTTP/1.1")
    assert written["request_id"] == answer.headers["x-request-id"] and written["peer"] == "127.0.0.1"
    assert ("path" in written) == (status in (413, 417))


@pytest.mark.parametrize("status", HTTP2)
def test_a_refusal_over_http_2_is_counted_and_logged(counted, status):
    method, path, others = HTTP2[status]
    before = count(counted, status)
    with Http2(counted) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, fields(method, path, *others), end_stream=method == "GET")
        client.flush()
        assert client.status(stream) == status
    assert count(counted, status) == before + 1
    written = line(counted, status, "HTTP/2")
    assert ("path" in written) == (status in (413, 417))
