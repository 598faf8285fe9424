"""What a page of somebody else can do with the browser of a user who is signed in: nothing."""

import pytest
import websockets.exceptions
import websockets.sync.client

from certificates import Certificates
from realm import PASSWORD, Caller, Realm, assert_refused, secret_of

ORIGIN, STRANGER = "https://console.example.org", "https://evil.example.net"
ME, ROLE, REFRESH = "/api/v1/auth/me", "/api/v1/roles/forged", "/api/v1/auth/refresh"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("browser"), HELIOGRAPH_HTTP_CORS_ORIGINS=ORIGIN) as realm:
        realm.browser = realm.login("root", cookie=True)
        yield realm


def cookie_alone(realm, **headers):
    """What a browser sends by itself."""
    return Caller(realm, headers={"cookie": realm.browser.headers["cookie"]} | headers)


@pytest.mark.parametrize("token", [None, "", "wrong", "0", "null", "undefined"])
def test_a_cookie_without_its_token_changes_nothing(realm, token):
    headers = {} if token is None else {"x-csrf-token": token}
    forged = cookie_alone(realm, **headers)
    assert forged.get(ME).status_code == 200
    answers = [
        forged.put(ROLE, {"permissions": []}), forged.post("/api/v1/auth/logout"),
        forged.post("/api/v1/users", {"username": "forged"}), forged.patch("/api/v1/users/1", {"displayName": "x"}),
        forged.delete(ROLE), forged.post("/api/v1/auth/rotate-signing-key"),
        forged.post("/api/v1/apikeys", {"name": "x"})]
    for answer in answers:
        assert_refused(answer, 403)
    assert realm.browser.put(ROLE, {"permissions": []}).status_code == 200
    assert realm.browser.delete(ROLE).status_code == 200


def test_the_token_of_another_session_is_no_token(realm):
    realm.user("other-browser", "admin")
    other = realm.login("other-browser", cookie=True)
    forged = cookie_alone(realm, **{"x-csrf-token": other.headers["x-csrf-token"]})
    assert_refused(forged.put(ROLE, {"permissions": []}), 403)


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"])
def test_a_form_of_a_foreign_page_changes_nothing(realm, kind):
    forged = cookie_alone(realm, origin=STRANGER)
    answer = forged.post("/api/v1/users", {"username": "from-a-form"}, headers={"content-type": kind})
    assert_refused(answer, 403, 415)
    assert "from-a-form" not in realm.admin.get("/api/v1/users").text


def test_a_token_in_the_query_or_the_body_or_a_cookie_is_no_token(realm):
    token = realm.browser.headers["x-csrf-token"]
    forged = cookie_alone(realm)
    assert_refused(forged.put(f"{ROLE}?x-csrf-token={token}&csrfToken={token}", {"permissions": []}), 403)
    assert_refused(forged.put(ROLE, {"permissions": [], "csrfToken": token, "x-csrf-token": token}), 403)
    cookies = realm.browser.headers["cookie"] + f"; x-csrf-token={token}; csrfToken={token}"
    assert_refused(Caller(realm, headers={"cookie": cookies}).put(ROLE, {"permissions": []}), 403)


def test_two_cookies_of_one_name_lend_each_other_nothing(realm):
    realm.user("planted", "viewer")
    planted, own = realm.login("planted", cookie=True).headers["cookie"], realm.browser.headers["cookie"]
    for cookies in (f"{planted}; {own}", f"{own}; {planted}"):
        headers = {"cookie": cookies, "x-csrf-token": realm.browser.headers["x-csrf-token"]}
        answer = Caller(realm, headers=headers).get(ME)
        # A page of a neighbouring host can plant a cookie; which one counts must not depend on luck.
        assert answer.status_code in (400, 401) or cookies.startswith(
            own if answer.json()["data"]["user"]["username"] == "root" else planted)


def test_cookies_of_a_session_are_kept_from_scripts_and_foreign_pages(realm):
    answer = realm.nobody().post("/api/v1/auth/login", {"username": "root", "password": PASSWORD, "cookie": True})
    fields = {field.split("=")[0]: field for field in answer.headers.get_list("set-cookie")}
    assert set(fields) == {"hg_access", "hg_refresh"}
    for field in fields.values():
        attributes = {one.strip().lower() for one in field.split(";")[1:]}
        assert {"httponly", "samesite=strict"} <= attributes and "domain" not in field.lower()
    assert "Path=/api/v1/auth/refresh" in fields["hg_refresh"]
    data = answer.json()["data"]
    assert "accessToken" not in data and "refreshToken" not in data
    values = [field.split(";")[0].split("=", 1)[1] for field in fields.values()]
    assert not [value for value in values if value in answer.text]


def test_cookies_behind_tls_are_for_tls_alone(tmp_path):
    certificates = Certificates(tmp_path)
    with Realm.running(tmp_path / "tls", tls=certificates.context(), **certificates.settings()) as realm:
        answer = realm.nobody().post("/api/v1/auth/login", {"username": "root", "password": PASSWORD, "cookie": True})
        for field in answer.headers.get_list("set-cookie"):
            assert "secure" in {one.strip().lower() for one in field.split(";")[1:]}
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_a_logout_takes_the_cookies_away(realm):
    realm.user("leaving")
    browser = realm.login("leaving", cookie=True)
    answer = browser.post("/api/v1/auth/logout")
    assert answer.status_code == 200
    fields = answer.headers.get_list("set-cookie")
    assert {field.split("=")[0] for field in fields} == {"hg_access", "hg_refresh"}
    assert all("max-age=0" in field.lower() for field in fields)
    assert_refused(browser.get(ME), 401)


def test_a_foreign_page_cannot_refresh_by_cookie(realm):
    realm.user("refreshing")
    browser = realm.login("refreshing", cookie=True)
    for origin in (STRANGER, "null"):
        foreign = Caller(realm, headers={"cookie": f"hg_refresh={browser.refresh}", "origin": origin})
        assert_refused(foreign.post(REFRESH, {}), 401, 403)
    assert browser.get(ME).status_code == 200


@pytest.mark.parametrize("origin", [None, "own", ORIGIN])
def test_a_refresh_by_cookie_gives_new_cookies(realm, origin):
    name = f"refreshing-{(origin or 'none')[:4]}-{len(origin or '')}"
    realm.user(name)
    headers = {"cookie": f"hg_refresh={realm.login(name, cookie=True).refresh}"}
    if origin:
        headers["origin"] = realm.url() if origin == "own" else origin
    answer = Caller(realm, headers=headers).post(REFRESH, {})
    assert answer.status_code == 200, answer.text
    assert len(answer.headers.get_list("set-cookie")) == 2 and "refreshToken" not in answer.json()["data"]


@pytest.mark.parametrize("origin", [
    STRANGER, "null", f"{ORIGIN}.evil.example.net", f"{ORIGIN}:8443", ORIGIN.replace("https", "http"),
    "https://evil-console.example.org", f"{ORIGIN}@evil.example.net", "*", f"{ORIGIN}, {STRANGER}", f"{ORIGIN}/"])
def test_a_foreign_origin_may_read_nothing(realm, origin):
    for method, path in (("GET", ME), ("GET", "/health"), ("GET", "/nowhere"), ("OPTIONS", "/api/v1/users")):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        answer = realm.browser.call(method, path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-allow")], (path, answer.headers)


def test_a_configured_origin_may_read_and_is_named_itself(realm):
    answer = realm.admin.get(ME, headers={"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "origin" in answer.headers["vary"].lower()
    refused = realm.nobody().get(ME, headers={"origin": ORIGIN})
    assert refused.status_code == 401 and refused.headers["access-control-allow-origin"] == ORIGIN


def test_a_preflight_of_a_configured_origin_is_answered_without_a_credential(realm):
    headers = {
        "origin": ORIGIN, "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization, content-type, x-csrf-token"}
    answer = realm.nobody().call("OPTIONS", "/api/v1/users/1", headers=headers)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed


def test_without_configured_origins_no_origin_is_known(tmp_path):
    with Realm.running(tmp_path / "closed") as realm:
        for method in ("GET", "OPTIONS"):
            headers = {"origin": ORIGIN, "access-control-request-method": "GET"}
            answer = realm.admin.call(method, ME, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_socket_that_a_foreign_page_opens_with_the_cookie_is_refused(realm):
    url = realm.url("/api/v1/ws").replace("http", "ws", 1)
    headers = {"cookie": realm.browser.headers["cookie"]}
    for origin in (STRANGER, "null"):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            websockets.sync.client.connect(url, origin=origin, additional_headers=headers)
        assert refused.value.response.status_code in (401, 403)
    with websockets.sync.client.connect(url, origin=realm.url(), additional_headers=headers) as socket:
        socket.send('{"action":"ping"}')
        assert "pong" in socket.recv(timeout=30)


@pytest.mark.parametrize("path", ["/health", ME, "/nowhere", "/api/v1/users", "/openapi.json", "/docs",
    "/docs/style.css", "/metrics"])
def test_every_answer_has_the_headers_that_browsers_heed(realm, path):
    for who in (realm.nobody(), realm.admin):
        headers = who.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert not {"server", "x-powered-by"} & set(headers) or "/" not in headers.get("server", "")


@pytest.mark.parametrize("path", [ME, "/api/v1/users", "/api/v1/apikeys", "/api/v1/system/config", "/api/v1/audit"])
def test_no_answer_about_people_stays_in_a_cache(realm, path):
    assert "no-store" in realm.admin.get(path).headers["cache-control"]
    assert "no-store" in realm.nobody().get(path).headers["cache-control"]


def test_the_documentation_runs_no_script(realm):
    answer = realm.nobody().get("/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy or "script-src 'none'" in policy or "default-src 'self'" in policy
    assert "unsafe" not in policy and "<script" not in answer.text


def test_an_answer_to_a_token_sets_no_cookie(realm):
    realm.user("no-cookie")
    answer = realm.nobody().post("/api/v1/auth/login", {"username": "no-cookie", "password": PASSWORD})
    assert "set-cookie" not in answer.headers and "csrfToken" not in answer.json()["data"]


def test_a_token_that_was_given_to_a_program_is_no_cookie(realm):
    as_cookie = Caller(realm, headers={"cookie": f"hg_access={secret_of(realm.admin)}"})
    assert_refused(as_cookie.put(ROLE, {"permissions": []}), 401, 403)
