"""HTTP/1.1 as bytes: what is strict, what is bounded, and what order answers come in."""

import json

import pytest

from raw import Raw, get, request

UPDATE = b'{"update_id": 7}'
CHUNKED = "Transfer-Encoding: chunked"


def status_of(server, data):
    """The status of the first final answer to some bytes."""
    with Raw(server) as raw:
        raw.send_as_far_as_possible(data)
        return raw.answer().status


REFUSED = {
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (get("/health", "Host: other"), {400}),
    "no version": (b"GET /health\r\n\r\n", {400, 505}),
    "unknown version": (get("/health", version="3.0"), {400, 505}),
    "bytes of no protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "space before a colon": (get("/health", "A : b"), {400}),
    "folded field": (get("/health", "A: b", " c"), {400}),
    "field without a name": (get("/health", ": b"), {400}),
    "field without a colon": (get("/health", "nonsense"), {400}),
    "zero byte in a field": (get("/health", "A: b\0c"), {400}),
    "carriage return in a field": (get("/health", "A: b\rc"), {400}),
    "line feeds alone": (b"GET /health HTTP/1.1\nHost: a\n\n", {400}),
    "two lengths": (request("POST", "/bench/echo", "Content-Length: 5", body=UPDATE), {400}),
    "negative length": (request("POST", "/bench/echo", "Content-Length: -1"), {400}),
    "length with a sign": (request("POST", "/bench/echo", "Content-Length: +5"), {400}),
    "length in words": (request("POST", "/bench/echo", "Content-Length: many"), {400}),
    "length beyond numbers": (request("POST", "/bench/echo", "Content-Length: 99999999999999999999999"), {400, 413}),
    "length and chunks": (request("POST", "/bench/echo", CHUNKED, "Content-Length: 4") + b"0\r\n\r\n", {400}),
    "unknown coding": (request("POST", "/bench/echo", "Transfer-Encoding: pigeon"), {400, 501}),
    "chunks not last": (request("POST", "/bench/echo", "Transfer-Encoding: chunked, gzip"), {400, 501}),
    "bad chunk size": (request("POST", "/bench/echo", CHUNKED) + b"zz\r\n", {400}),
    "huge chunk size": (request("POST", "/bench/echo", CHUNKED) + b"fffffffffffffffff\r\n", {400, 413}),
    "chunk longer than said": (request("POST", "/bench/echo", CHUNKED) + b"2\r\nabcd\r\n0\r\n\r\n", {400}),
    "unknown expectation": (request("POST", "/bench/echo", "Expect: miracles", body=UPDATE), {417}),
    "long target": (get("/" + "a" * 100_000), {414}),
    "long field": (get("/health", "A: " + "b" * 200_000), {431}),
    "many fields": (get("/health", *(f"A{number}: b" for number in range(5_000))), {431}),
    "announced body too large": (request("POST", "/bench/echo", "Content-Length: 1000000000"), {413}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_broken_requests_are_refused_and_the_connection_ends(server, name):
    data, statuses = REFUSED[name]
    with Raw(server) as raw:
        raw.send_as_far_as_possible(data)
        answer = raw.answer()
        assert answer.status in statuses
        assert answer.headers.get("connection") == "close"
        assert raw.is_closed()


@pytest.mark.parametrize("name", REFUSED)
def test_errors_of_the_server_itself_are_enveloped(server, name):
    data, _ = REFUSED[name]
    with Raw(server) as raw:
        raw.send_as_far_as_possible(data)
        answer = raw.answer()
        body = json.loads(answer.body)
        assert body["success"] is False and body["error"]["code"] and body["error"]["message"]
        assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("start", ["BREW /health", "TRACE /health", "CONNECT example.com:443", "OPTIONS /nowhere"])
def test_methods_that_nobody_serves_are_refused(server, start):
    assert status_of(server, f"{start} HTTP/1.1\r\nHost: example.com:443\r\n\r\n".encode()) in (400, 404, 405, 501)


ACCEPTED = {
    "absolute target": get("http://127.0.0.1/health"),
    "empty lines first": b"\r\n" + get("/health"),
    "query": get("/health?a=b&c=%20"),
    "empty field": get("/health", "A:"),
    "field of many bytes": get("/health", "A: " + "b" * 4_000),
    "spaced value": get("/health", "A:   b \t "),
    "chunks": request("POST", "/bench/echo", CHUNKED) + b"10\r\n" + UPDATE + b"\r\n0\r\n\r\n",
    "chunks with extensions": request("POST", "/bench/echo", CHUNKED) + b"10;a=b\r\n" + UPDATE + b"\r\n0\r\n\r\n",
    "chunks with trailers": request("POST", "/bench/echo", CHUNKED) + b"10\r\n" + UPDATE + b"\r\n0\r\nA: b\r\n\r\n",
    "HTTP/1.0": get("/health", version="1.0"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_unusual_requests_that_are_right_are_answered(server, name):
    assert status_of(server, ACCEPTED[name]) == 200


@pytest.mark.parametrize("name", ["chunks with trailers", "field of many bytes"])
def test_a_request_may_come_byte_by_byte(server, name):
    with Raw(server) as raw:
        for byte in ACCEPTED[name][:1500]:
            raw.send(bytes([byte]))
        raw.send(ACCEPTED[name][1500:])
        assert raw.answer().status == 200


def test_pipelined_requests_are_answered_in_order(server):
    post = [request("POST", "/bench/echo", body=b'{"update_id": %d}' % number) for number in range(200)]
    with Raw(server) as raw:
        raw.send(b"".join(one + get("/bench/json") for one in post))
        for number in range(200):
            assert json.loads(raw.answer().body) == {"ok": True, "update_id": number}
            assert raw.answer().status == 200


def test_an_error_within_a_pipeline_keeps_what_came_before(server):
    with Raw(server) as raw:
        raw.send(get("/bench/json") * 3 + b"nonsense\r\n\r\n" + get("/bench/json"))
        assert [raw.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert raw.is_closed()


@pytest.mark.parametrize("form", ["Content-Length: 20000000", CHUNKED])
def test_a_body_that_is_too_large_is_413_even_when_it_is_sent_whole(server, form):
    body = b"a" * 20_000_000
    with Raw(server) as raw:
        raw.send_as_far_as_possible(
            request("POST", "/bench/echo", form) + (body if form != CHUNKED else b"1312d00\r\n" + body + b"\r\n0\r\n\r\n"))
        assert raw.answer().status == 413


def test_a_body_that_nobody_reads_does_not_become_the_next_request(server):
    body = get("/bench/json")
    with Raw(server) as raw:
        raw.send(request("POST", "/health", body=body) + get("/bench/json"))
        assert raw.answer().status == 405
        try:
            assert raw.answer().status == 200
        except EOFError:
            return
        raw.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.answer()


def test_continue_is_said_before_the_body_is_sent(server):
    with Raw(server) as raw:
        raw.send(request("POST", "/bench/echo", "Expect: 100-continue", f"Content-Length: {len(UPDATE)}"))
        assert raw.answer().status == 100
        raw.send(UPDATE)
        assert raw.answer().status == 200


def test_continue_is_not_said_to_a_body_that_is_refused(server):
    with Raw(server) as raw:
        raw.send(request("POST", "/bench/echo", "Expect: 100-continue", "Content-Length: 1000000000"))
        assert raw.answer().status == 413


def test_a_connection_ends_when_the_client_says_so(server):
    with Raw(server) as raw:
        raw.send(get("/health", "Connection: close"))
        answer = raw.answer()
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert raw.is_closed()


def test_http_1_0_gets_no_chunks_and_no_kept_connection(server):
    with Raw(server) as raw:
        raw.send(get("/bench/json", version="1.0"))
        answer = raw.answer()
        assert answer.status == 200 and "transfer-encoding" not in answer.headers
        assert raw.is_closed()


def test_a_client_that_is_done_sending_still_gets_its_answers(server):
    with Raw(server) as raw:
        raw.send(get("/bench/json") * 5)
        raw.socket.shutdown(1)
        assert [raw.answer().status for _ in range(5)] == [200] * 5
        assert raw.is_closed()


def test_a_client_that_sends_nothing_ends_quietly(server):
    with Raw(server) as raw:
        raw.socket.shutdown(1)
        assert raw.is_closed()


def test_a_head_answer_leaves_the_connection_in_step(server):
    with Raw(server) as raw:
        raw.send(request("HEAD", "/openapi.json") + get("/bench/json"))
        assert raw.answer("HEAD").status == 200
        assert raw.answer().status == 200
