"""The same requests over HTTP/1.1 and HTTP/2, in clear text and behind TLS, by clients that nobody here wrote."""

import gzip
import json

import pytest

UPDATE = json.dumps({"update_id": 871234567, "message": {"text": "hello – \U0001f600", "date": 1763683200}}).encode()
JSON = {"Content-Type": "application/json"}


def assert_error(answer, status):
    """An error is the envelope with a stable code."""
    assert answer.status == status
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["code"].isupper() and body["error"]["message"]


def test_the_protocol_is_the_one_asked_for(client, protocol):
    assert client.request("GET", "/health").version == ("1.1" if protocol.endswith("1.1") else "2")


def test_health_is_json(client):
    answer = client.request("GET", "/health")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("path", ["/api/v1/system/health", "/api/v1/system/metrics"])
def test_system_answers_come_in_the_envelope(client, protocol_server, path):
    answer = client.request("GET", path, {"Authorization": f"Bearer {protocol_server.admin_key}"})
    assert answer.status == 200
    body = answer.json()
    assert body["success"] is True and body["data"]


def test_an_unknown_path_is_404(client):
    assert_error(client.request("GET", "/api/v1/nowhere"), 404)


def test_a_known_path_with_another_method_is_405_and_says_which(client):
    answer = client.request("DELETE", "/health")
    assert_error(answer, 405)
    assert {"GET", "HEAD"} <= {method.strip() for method in answer.headers["allow"].split(",")}


def test_head_is_get_without_the_body(client):
    head, get = (client.request(method, "/openapi.json") for method in ("HEAD", "GET"))
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == str(len(get.body))
    assert head.headers["content-type"] == get.headers["content-type"]


def test_a_posted_body_is_read(client):
    answer = client.request("POST", "/bench/echo", JSON, UPDATE)
    assert answer.status == 200
    assert answer.json() == {"ok": True, "update_id": 871234567}


def test_a_body_of_unknown_length_is_read(client):
    answer = client.request("POST", "/bench/echo", JSON, UPDATE, chunked=True)
    assert answer.status == 200
    assert answer.json()["update_id"] == 871234567


def test_a_body_that_is_no_json_is_400(client):
    assert_error(client.request("POST", "/bench/echo", JSON, b'{"update_id":'), 400)


def test_a_body_that_is_too_large_is_413(client, protocol):
    if not protocol.endswith("1.1"):
        pytest.skip("curl and httpx lose the answer when an HTTP/2 stream ends before their body, with nginx as well")
    body = b'{"update_id": 1, "text": "' + b"a" * 64_000_000 + b'"}'
    assert_error(client.request("POST", "/bench/echo", JSON, body), 413)


def test_an_unchanged_document_is_304(client):
    first = client.request("GET", "/openapi.json")
    tag = first.headers["etag"]
    again = client.request("GET", "/openapi.json", {"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == tag
    assert client.request("GET", "/openapi.json", {"If-None-Match": '"other"'}).status == 200
    assert client.request("GET", "/openapi.json", {"If-None-Match": f'"other", {tag}'}).status == 304
    assert client.request("GET", "/openapi.json", {"If-None-Match": "*"}).status == 304


def test_a_large_document_is_compressed_for_who_asks(client):
    plain = client.request("GET", "/openapi.json", {"Accept-Encoding": "identity"})
    packed = client.request("GET", "/openapi.json", {"Accept-Encoding": "gzip, deflate, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity", "br"])
def test_nobody_gets_gzip_who_did_not_ask(client, accepted):
    answer = client.request("GET", "/openapi.json", {"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers


def test_a_small_answer_is_not_compressed(client):
    answer = client.request("GET", "/bench/json", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers and answer.json()
