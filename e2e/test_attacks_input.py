"""Texts that would be something else to a careless reader: to SQL, to a terminal, to a log, to a parser."""

import json
import re
import urllib.parse

import httpx
import pytest

from raw import Raw, get
from realm import PASSWORD, Caller, Realm, assert_refused, secret_of, signing, until

ME = "/api/v1/auth/me"
TEXTS = {
    "a quote": "'", "a comment": "' --", "another statement": "x'; DROP TABLE users; --",
    "a union": "' UNION SELECT 1,2,3 --",
    "always true": "' OR '1'='1", "two quotes": "\"\"", "a backslash": "\\", "a placeholder": "$1 ? :a @b",
    "a NUL": "a\0b", "a line feed": "a\nb", "a carriage return": "a\r\nb", "an escape": "\x1b[31mred\x1b[0m",
    "a bell": "\x07", "a deletion": "a\x7f", "a C1": "\x9b31m", "a right-to-left mark": "\u202egnp.exe",
    "a joiner": "a\u200db",
    "a byte order mark": "\ufeffa", "a non-character": "\uffff", "beyond the plane": "\U0010ffff",
    "marks": "e" + "\u0301" * 100, "a format": "%s%n%x", "a template": "{{7*7}}${7*7}", "a path": "../../../etc/passwd",
    "a tag": "<script>alert(1)</script>", "nothing": "", "blanks": "   ", "long": "a" * 10_000,
    "very long": "é" * 300_000}
# No bot is there: what is good but for one field is refused in the end, too.
TERMS = {
    "botId": "42", "priority": "bulk", "sendAt": "2099-01-01T00:00:00Z", "correlationId": "c", "wait": "none",
    "waitSeconds": 1}
FILES = ("photo", "document", "video", "audio", "animation", "voice", "videoNote", "sticker", "file")
MESSAGE = TERMS | dict.fromkeys(FILES, "f") | {
    "text": "x", "type": "photo", "caption": "c", "parseMode": "HTML", "entities": [], "captionEntities": [],
    "linkPreviewOptions": {}, "replyToMessageId": 1, "replyParameters": {}, "replyMarkup": {},
    "disableNotification": True, "protectContent": True, "messageThreadId": 1, "messageEffectId": "e",
    "mediaGroup": [], "location": {}, "contact": {}, "poll": {}, "forward": {}, "copy": {}, "method": "sendMessage",
    "params": {}}
# Every field of every operation that takes a body, with a body that is good but for one field.
BODIES = {
    ("POST", "/api/v1/auth/login"): {"username": "nobody", "password": PASSWORD},
    ("POST", "/api/v1/auth/refresh"): {"refreshToken": "hgr_" + "a" * 43},
    ("POST", "/api/v1/auth/setup"): {"token": "a" * 43, "username": "second", "password": PASSWORD},
    ("POST", "/api/v1/auth/password"): {"currentPassword": "not " + PASSWORD, "newPassword": PASSWORD},
    ("POST", "/api/v1/users"): {"username": "{new}", "displayName": "d", "password": PASSWORD, "roles": ["viewer"]},
    ("PATCH", "/api/v1/users/{id}"): {"displayName": "d", "roles": ["viewer"], "password": PASSWORD,
    "isDisabled": False},
    ("PUT", "/api/v1/roles/{name}"): {"description": "d", "permissions": ["chats.read"]},
    ("POST", "/api/v1/apikeys"): {
        "name": "k", "scopes": ["chats.read"], "targets": ["chat:5"], "addresses": ["127.0.0.1"], "userId": "1",
        "expiresAt": "2099-01-01T00:00:00Z", "expiresInDays": 1, "inheritsChats": True, "canSign": False},
    ("PUT", "/api/v1/grants"): {"subject": "user:1", "target": "chat:5", "canRead": True},
    ("PUT", "/api/v1/chats/{chatId}/permissions"): {"subject": "user:1", "canRead": True},
    ("PUT", "/api/v1/certificates"): {"name": "dns:a.example", "userId": "1"},
    ("POST", "/api/v1/bots"): {"token": "none", "username": "a_bot", "displayName": "d", "mode": "polling"},
    ("PATCH", "/api/v1/bots/{id}"): {"displayName": "d", "mode": "polling", "isPaused": True},
    ("PUT", "/api/v1/bots/{id}/token"): {"token": "none"},
    ("POST", "/api/v1/bots/{id}/tokens"): {"name": "n", "canSend": True, "expiresInDays": 1},
    ("POST", "/api/v1/telegram/webhook/{username}"): {"update_id": 1},
    ("POST", "/api/v1/chats/{id}/messages"): MESSAGE,
    ("POST", "/api/v1/messages/send/{chatId}"): MESSAGE,
    ("POST", "/api/v1/sends/batch"): {"sends": []},
    ("PATCH", "/api/v1/chats/{id}/messages/{messageId}"): TERMS | {
        "text": "x", "caption": "c", "parseMode": "HTML", "entities": [], "captionEntities": [],
        "linkPreviewOptions": {}, "replyMarkup": {}},
    ("POST", "/api/v1/chats/{id}/messages/delete"): TERMS | {"messageIds": [1]},
    ("PUT", "/api/v1/chats/{id}/messages/{messageId}/reaction"): TERMS | {
        "emoji": "x", "reaction": [], "isBig": True},
    ("POST", "/api/v1/chats/{id}/actions"): {"action": "typing", "botId": "42", "messageThreadId": 1},
    ("POST", "/api/v1/bots/{id}/callbacks/{queryId}/answer"): {
        "text": "x", "showAlert": True, "url": "u", "cacheTime": 1},
    ("POST", "/api/v1/bots/{id}/inline-queries/{queryId}/answer"): {
        "results": [], "cacheTime": 1, "isPersonal": True, "nextOffset": "o", "button": {}},
    ("PUT", "/api/v1/bots/{id}/commands"): {"commands": [], "scope": {}, "languageCode": "de"},
}
FIELDS = [(*call, field) for call, body in BODIES.items() for field in body]
ODD = [0, -1, 2**63, 1.5, True, None, [], {}, [[]], [None], {"a": 1}, ["a"] * 10_000]


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    settings = {"HELIOGRAPH_LOG_ACCESS": 1, "HELIOGRAPH_LOG_LEVEL": "trace"}
    with Realm.running(tmp_path_factory.mktemp("input"), **settings) as realm:
        realm.subject = realm.user("subject", "viewer")
        realm.role("odd", "chats.read")
        yield realm
        # Whatever was sent, the log is one object a line and the tables are whole.
        assert realm.sql("SELECT username FROM users WHERE id = 1") == [("root",)]
        for line in realm.log_lines():
            assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line


def table(realm):
    """What is stored, but for what time does."""
    return {
        name: realm.sql(f"SELECT {columns} FROM {name} ORDER BY 1, 2") for name, columns in (
            ("users", "id, username, display_name, password_hash, is_disabled"),
            ("roles", "name, description, permissions"),
            ("user_roles", "user_id, role"), ("api_keys", "id, name, scopes, targets, addresses"),
            ("chat_grants", "subject, target, can_read, can_send, can_manage"),
            ("client_certificates", "name, user_id"))}


def send(realm, method, path, body, sequence=[0]):
    sequence[0] += 1
    body = {key: value.format(new=f"new-{sequence[0]}") if value == "{new}" else value for key, value in body.items()}
    path = path.format(id=realm.subject, name="odd", chatId=5, username="nobody", messageId=1, queryId=1)
    content = json.dumps(body).encode()
    return realm.admin.call(method, path, content)


def test_the_table_has_every_field_of_every_body(realm):
    document = realm.nobody().get("/openapi.json").json()
    documented = {
        (method.upper(), path, field)
        for path, methods in document["paths"].items() for method, operation in methods.items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for field in content["schema"]["properties"]}
    # Three that are true or false, as `canRead` is.
    assert {field for *_, field in documented - set(FIELDS)} <= {"cookie", "canSend", "canManage"}
    assert set(FIELDS) <= documented


@pytest.mark.parametrize("method, path, field", FIELDS)
def test_a_text_that_is_odd_is_refused_or_kept_as_it_is(realm, method, path, field):
    lists = isinstance(BODIES[method, path][field], list)
    for what, text in TEXTS.items():
        before = table(realm)
        answer = send(realm, method, path, BODIES[method, path] | {field: [text] if lists else text})
        assert answer.status_code < 500, f"{what}: {answer.text}"
        if answer.status_code >= 400:
            assert_refused(answer, 400, 401, 403, 404, 409, 413, 422, 429)
            assert table(realm) == before, f"{what} was refused, and yet something was stored"
            assert len(answer.text) < 2000, f"{what} comes back in the error"
            assert "SQL" not in answer.text and "sqlite" not in answer.text.lower(), answer.text
        elif field in ("displayName", "description", "name") and isinstance(text, str):
            assert answer.json()["success"] and "\0" not in text
            kept = json.dumps(answer.json()["data"], ensure_ascii=False)
            written = json.dumps(text.strip(), ensure_ascii=False)[1:-1]
            assert written in kept, f"{what} was kept as something else: {kept}"


@pytest.mark.parametrize("method, path, field", FIELDS)
def test_a_value_of_another_type_is_refused(realm, method, path, field):
    good = BODIES[method, path][field]
    for value in ODD:
        before = table(realm)
        answer = send(realm, method, path, BODIES[method, path] | {field: value})
        assert answer.status_code < 500, f"{value!r}: {answer.text}"
        if type(value) is not type(good) and value is not None and not isinstance(good, (bool, int)):
            assert_refused(answer, 401, 403, 404, 409, 422, 429)
            assert table(realm) == before
    assert realm.admin.get(ME).status_code == 200


BROKEN = {
    "nothing": b"", "half": b'{"username":', "two": b"{}{}", "an array": b"[]", "a text": b'"x"', "null": b"null",
    "deep": b"[" * 100_000, "deep objects": b'{"a":' * 5000, "not UTF-8": b'{"username":"\xff\xfe"}',
    "a lone surrogate": b'{"username":"\\ud800"}',
    "a doubled key": b'{"username":"a","username":"root","password":"x"}', "a huge number": b'{"username":1e999999}',
    "a comment": b"{/* */}", "single quotes": b"{'a':1}", "NaN": b'{"username":NaN}', "a mark": b"\xef\xbb\xbf{}",
    "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}"}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("method, path", BODIES)
def test_a_body_that_is_no_object_is_refused(realm, method, path, what):
    before = table(realm)
    answer = realm.admin.call(method, path.format(id=realm.subject, name="odd", chatId=5, username="nobody", messageId=1, queryId=1), BROKEN[what])
    if answer.status_code != 200:
        assert_refused(answer, 400, 401, 403, 404, 422, 429)
        assert table(realm) == before
    else:
        # Nothing in it was known, and nothing was needed.
        assert method == "PATCH" and table(realm) == before


QUERIES = [
    "/api/v1/users?cursor={}", "/api/v1/users?limit={}", "/api/v1/users/{}", "/api/v1/users/{}/sessions",
    "/api/v1/apikeys?cursor={}", "/api/v1/apikeys/{}", "/api/v1/grants?subject={}",
    "/api/v1/grants?target={}", "/api/v1/grants?cursor={}", "/api/v1/chats/{}/permissions",
    "/api/v1/chats/5/permissions?cursor={}", "/api/v1/audit?actor={}", "/api/v1/audit?action={}",
    "/api/v1/audit?target={}",
    "/api/v1/audit?since={}", "/api/v1/audit?cursor={}", "/api/v1/audit?result={}", "/api/v1/audit?limit={}",
    "/api/v1/ws?token={}"]


@pytest.mark.parametrize("path", QUERIES)
def test_a_text_that_is_odd_in_an_address_finds_nothing_that_it_should_not(realm, path):
    texts = [*(text for what, text in TEXTS.items() if len(text) < 1000), "-1", "0", "99999999999999999999", "1e3",
        "0x10", "1 OR 1=1"]
    for text in texts:
        answer = realm.admin.get(path.format(urllib.parse.quote(text, safe="")))
        assert answer.status_code < 500, f"{text!r}: {answer.text}"
        if answer.status_code == 200 and "cursor" not in path and "limit" not in path and text.strip() and "=" in path:
            rows = next(value for value in answer.json()["data"].values() if isinstance(value, list))
            assert rows == [], f"{text!r} found {rows}"


def test_a_cursor_of_one_list_is_none_of_another(realm):
    for name in ("page-a", "page-b", "page-c"):
        realm.user(name)
    cursor = realm.admin.get("/api/v1/users?limit=1").json()["data"]["nextCursor"]
    assert cursor and realm.admin.get(f"/api/v1/users?limit=1&cursor={cursor}").status_code == 200
    for path in ("/api/v1/audit", "/api/v1/grants", "/api/v1/apikeys"):
        assert realm.admin.get(f"{path}?cursor={cursor}").status_code in (200, 400, 422)


@pytest.mark.parametrize("limit", ["0", "-1", "1000000", "99999999999999999999", "1.5", "x", ""])
def test_a_page_has_a_bound(realm, limit):
    answer = realm.admin.get(f"/api/v1/audit?limit={limit}")
    assert answer.status_code in (200, 400, 422)
    if answer.status_code == 200:
        assert len(answer.json()["data"]["entries"]) <= 1000


def written(realm, mark):
    """The lines of the log that have a mark, once there are any."""
    def lines():
        return [json.loads(line) for line in realm.log_lines() if mark in line]
    return until(lines, f"a line with {mark}")


INJECTED = b'x\\n{"time":"forged"}\x1b[2J\x9b31m\xe2\x80\xa8"},{\t\xff\xc3('


@pytest.mark.parametrize("name", ["User-Agent", "X-Correlation-ID", "X-Request-ID", "traceparent", "tracestate",
    "Referer", "Origin", "Authorization", "Host"])
def test_a_header_forges_no_line_of_the_log(realm, name):
    mark = f"mark-{name.lower()}"
    with Raw(realm) as raw:
        fields = [f"{name}: {INJECTED.decode('latin-1')}".replace("\x1b", "")] if name != "Host" else []
        raw.send(get(f"/{mark}", *fields))
        assert raw.answer().status in (400, 401, 404)
    if name != "Authorization":
        lines = written(realm, mark)
        assert len(lines) == 1 and lines[0]["message"] == "request"
    with Raw(realm) as raw:
        raw.send(get(f"/{mark}", f"{name}: a\x1b[31mb"))
        assert raw.answer().status in (400, 401, 404)
    assert_clean(realm)


def assert_clean(realm):
    text = realm.log.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text), "a control character is in the log"
    for line in realm.log_lines():
        assert json.loads(line)["time"] != "forged"


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\u2028b", 'a"},{"b', "a\r\n{}", "a\u009b31m"])
def test_a_name_forges_no_line_of_the_log_and_no_entry_of_the_audit(realm, name):
    assert_refused(realm.nobody().post("/api/v1/auth/login", {"username": name, "password": PASSWORD}), 401, 422, 429)
    assert_clean(realm)
    entries = realm.admin.get("/api/v1/audit?limit=5").json()["data"]["entries"]
    assert not [entry for entry in entries if re.search("[\\0-\\x1f\\x7f-\\x9f\u2028]",
        json.dumps(entry, ensure_ascii=False))]


def test_no_secret_is_in_the_log_or_in_metrics_or_in_the_audit_or_in_an_error(realm):
    password, wrong = "the-secret-of-a-user-1", "the-wrong-secret-of-a-user-2"
    number = realm.user("secretive", "viewer", password=password)
    session, browser = realm.login("secretive", password), realm.login("secretive", password, cookie=True)
    key, signer = realm.key(number), realm.key(number, "signature")
    refreshed = realm.nobody().post("/api/v1/auth/refresh", {"refreshToken": session.refresh}).json()["data"]
    secrets = [
        password, wrong, secret_of(session), session.refresh, browser.headers["cookie"].split("=", 1)[1],
        browser.refresh,
        browser.headers["x-csrf-token"], secret_of(key), signer.secret.hex(), refreshed["accessToken"],
        refreshed["refreshToken"]]
    answers = [
        realm.nobody().post("/api/v1/auth/login", {"username": "secretive", "password": wrong}),
        realm.nobody().post("/api/v1/auth/login", {"username": wrong, "password": password[:9]}),
        realm.nobody().post("/api/v1/auth/refresh", {"refreshToken": session.refresh}),
        realm.nobody().get(f"/api/v1/ws?token={secret_of(session)}"),
        realm.nobody().get(f"/api/v1/users?token={secret_of(key)}"),
        realm.nobody().get(f"/nowhere?token={secret_of(key)}"), key.get("/api/v1/users"), session.get("/api/v1/users"),
        Caller(realm, headers={"authorization": secret_of(key)}).get(ME),
        Caller(realm, headers={"x-api-key": password}).get(ME),
        Caller(realm, headers={"authorization": f"Basic {secret_of(key)}"}).get(ME),
        signer.get(ME, headers={"x-api-key": secret_of(key)}), browser.put("/api/v1/roles/x", {"permissions": []}),
        realm.nobody().post("/api/v1/auth/setup", {"token": password, "username": "x", "password": wrong}),
        realm.admin.patch(f"/api/v1/users/{number}", {"password": password, "roles": [wrong]}),
        realm.nobody().post("/api/v1/auth/login", f'{{"password":"{password}","username":'.encode())]
    field = signing.authorization(signer.key, signer.secret, "GET", ME)
    for _ in range(2):
        Caller(realm, headers={"authorization": field}).get(ME)
    secrets.append(field.rpartition("=")[2])
    realm.nobody().get("/last-of-the-secrets")
    written(realm, "last-of-the-secrets")
    texts = {
        "the log": realm.log.read_text(),
        "the metrics": realm.nobody().get("/metrics").text + realm.admin.get("/api/v1/system/metrics").text,
        "the audit": realm.admin.get("/api/v1/audit?limit=200").text,
        "the errors": "".join(answer.text for answer in answers),
        "the tables": json.dumps(
            [table(realm), realm.sql("SELECT * FROM sessions"), realm.sql("SELECT * FROM audit")])}
    for place, text in texts.items():
        found = [secret[:12] for secret in secrets if secret in text and secret != wrong]
        assert not found, f"{place}: {found}"
    # A password that was typed into the field of the name is one, too.
    assert wrong not in texts["the log"] + texts["the metrics"] + texts["the audit"]


def test_no_secret_is_readable_in_the_files_of_the_data_folder(realm):
    signer, key = realm.key(kind="signature"), realm.key()
    session = realm.login("subject", PASSWORD) if realm.admin.patch(
        f"/api/v1/users/{realm.subject}", {"password": PASSWORD, "isDisabled": False}).status_code == 200 else None
    secrets = [PASSWORD.encode(), signer.secret, signer.secret.hex().encode(), secret_of(key).encode(),
               secret_of(key).split("_", 2)[2].encode(), session.refresh.encode(), secret_of(session).encode()]
    for file in (realm.folder / "data").rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, f"{file} can be read by others"
            data = file.read_bytes()
            assert not [secret for secret in secrets if secret in data], file


def test_the_token_of_the_setup_is_good_once_and_is_told_in_the_log_alone(start):
    server = start(HELIOGRAPH_LIMITS_ENABLED="false")
    line = until(lambda: next((json.loads(one) for one in server.log_tail(20_000).splitlines() if '"link"' in one),
        None), "the token is told")
    token = line["link"].split("#token=")[1]
    body = {"token": token, "username": "first", "password": PASSWORD}
    url = server.url("/api/v1/auth/setup")
    for wrong in ("", token[:-1], token + "x", token.swapcase(), token[:-1] + ("A" if token[-1] != "A" else "B")):
        assert httpx.post(url, json=body | {"token": wrong}, timeout=30).status_code in (403, 422)
    for path in ("/metrics", "/health", "/openapi.json"):
        assert token not in httpx.get(server.url(path), timeout=30).text
    assert httpx.post(url, json=body, timeout=30).status_code == 201
    assert httpx.post(url, json=body | {"username": "second"}, timeout=30).status_code in (403, 409)
