"""Requests that pretend: signatures that were changed or sent again, identities in headers, paths in disguise."""

import time

import pytest

from raw import Raw, get, request
from realm import Caller, Realm, assert_refused, secret_of, signing, until
from test_redis import Redis

ME = "/api/v1/auth/me"
USERS = "/api/v1/users"
ORIGIN = "https://console.example.org"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("requests"), HELIOGRAPH_HTTP_CORS_ORIGINS=ORIGIN) as realm:
        realm.user("weak", realm.role("powerless"))
        realm.weak = realm.login("weak")
        realm.signer = realm.key(kind="signature")
        yield realm


def signed(realm, method="GET", target=ME, body=b"", **others):
    return signing.authorization(realm.signer.key, realm.signer.secret, method, target, body, **others)


def send(node, field, method="GET", target=ME, body=b"", headers=None):
    return Caller(node, headers={"authorization": field} | (headers or {})).call(method, target, body or None)


def test_a_signed_request_is_believed_once(realm):
    field = signed(realm)
    assert send(realm, field).json()["data"]["credential"] == "signature"
    assert_refused(send(realm, field), 401)


def test_a_nonce_is_good_once_for_any_request(realm):
    nonce = "a-nonce-that-comes-twice"
    assert send(realm, signed(realm, nonce=nonce)).status_code == 200
    assert_refused(send(realm, signed(realm, target=USERS, nonce=nonce), target=USERS), 401)
    assert_refused(send(realm, signed(realm, nonce=nonce, timestamp=int(time.time()) - 100)), 401)
    other = realm.key(kind="signature")
    assert send(realm, signing.authorization(other.key, other.secret, "GET", ME, nonce=nonce)).status_code == 200


ALTERED = {
    "method": ("POST", "/api/v1/users?limit=1", b""),
    "the method HEAD": ("HEAD", "/api/v1/users?limit=1", b""),
    "query": ("GET", "/api/v1/users?limit=2", b""),
    "more query": ("GET", "/api/v1/users?limit=1&cursor=", b""),
    "no query": ("GET", "/api/v1/users", b""),
    "an empty part": ("GET", "/api/v1/users?limit=1&", b""),
    "path": ("GET", "/api/v1/roles?limit=1", b""),
    "the path's encoding": ("GET", "/api/v1/%75sers?limit=1", b""),
    "a body where there was none": ("GET", "/api/v1/users?limit=1", b"{}"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_signature_holds_for_its_request_alone(realm, what):
    target = "/api/v1/users?limit=1"
    assert send(realm, signed(realm, target=target), target=target).status_code == 200
    assert send(realm, signed(realm, target=target), *ALTERED[what]).status_code == 401


@pytest.mark.parametrize("body", [b'{"permissions":["users.manage"]}', b'{"permissions":[]} ', b""])
def test_a_signature_holds_for_its_body_alone(realm, body):
    target, good = "/api/v1/roles/signed", b'{"permissions":[]}'
    assert send(realm, signed(realm, "PUT", target, good), "PUT", target, good).status_code == 200
    assert_refused(send(realm, signed(realm, "PUT", target, good), "PUT", target, body), 401)
    roles = realm.admin.get("/api/v1/roles").json()["data"]["roles"]
    assert [one["permissions"] for one in roles if one["name"] == "signed"] == [[]]


def test_a_body_in_chunks_is_signed_as_it_arrives(realm):
    target, body = "/api/v1/roles/signed", b'{"permissions":[]}'
    for sent, status in ((body, 200), (b'{"permissions":["users.read"]}', 401)):
        with Raw(realm) as raw:
            field = f"Authorization: {signed(realm, 'PUT', target, body)}"
            head = request("PUT", target, field, "Content-Type: application/json", "Transfer-Encoding: chunked")
            raw.send(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent))
            assert raw.answer().status == status


@pytest.mark.parametrize("seconds", [-100_000, -305, 305, 100_000])
def test_a_clock_that_is_wrong_by_more_than_five_minutes_is_refused(realm, seconds):
    assert_refused(send(realm, signed(realm, timestamp=int(time.time()) + seconds)), 401)


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_that_is_wrong_by_less_than_five_minutes_is_believed(realm, seconds):
    assert send(realm, signed(realm, timestamp=int(time.time()) + seconds)).status_code == 200


BROKEN = {
    "a time with a zero before it": lambda field, now: field.replace(f"timestamp={now}", f"timestamp=0{now}"),
    "a time with a sign": lambda field, now: field.replace(f"timestamp={now}", f"timestamp=+{now}"),
    "an endless time": lambda field, now: field.replace(f"timestamp={now}", "timestamp=" + "9" * 40),
    "a short nonce": lambda field, now: field.replace("nonce=", "nonce=x, ignored="),
    "a signature in capitals": lambda field, now: field[:-64] + field[-64:].upper(),
    "a short signature": lambda field, now: field[:-1],
    "no signature": lambda field, now: field.rpartition(",")[0],
    "an empty signature": lambda field, now: field[:-64],
    "two signatures": lambda field, now: field + f", signature={'0' * 64}",
    "two keys": lambda field, now: field + ", key=aaaaaaaaaaaaaaaa",
    "a name in quotes": lambda field, now: field.replace("key=", "key='--"),
    "a key that nobody has": lambda field, now: field.replace("key=", "key=a"),
    "more than 512 bytes": lambda field, now: field + ", " + " " * 600,
    "another scheme": lambda field, now: field.replace("SHA256", "SHA1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_signature_that_is_not_well_formed_is_refused(realm, what):
    now = int(time.time())
    field = signed(realm, timestamp=now)
    assert BROKEN[what](field, now) != field
    with Raw(realm) as raw:
        raw.send(get(ME, f"Authorization: {BROKEN[what](field, now)}"))
        assert raw.answer().status == 401


def test_a_key_that_may_not_sign_signs_nothing(realm):
    key = realm.key()
    for secret in (b"", secret_of(key).encode(), secret_of(key).split("_", 2)[2].encode(), realm.signer.secret):
        assert_refused(send(realm, signing.authorization(key.key, secret, "GET", ME)), 401)
    assert key.get(ME).status_code == 200


def test_a_revoked_key_signs_nothing(realm):
    signer = realm.key(kind="signature")
    assert signer.get(ME).status_code == 200
    assert realm.admin.delete(f"/api/v1/apikeys/{signer.key}").status_code == 200
    assert_refused(signer.get(ME), 401)


def test_a_wrong_signature_does_not_use_up_a_nonce(realm):
    field = signed(realm)
    assert_refused(send(realm, field[:-4] + ("0000" if field[-4:] != "0000" else "1111")), 401)
    assert send(realm, field).status_code == 200


def test_two_nodes_that_share_a_redis_believe_a_nonce_once(tmp_path):
    (tmp_path / "redis").mkdir()
    redis = Redis(tmp_path / "redis").start()
    try:
        database = f"sqlite:{tmp_path}/shared.db"
        with Realm.running(tmp_path / "first", DATABASE_URL=database, REDIS_URL=redis.url) as realm, \
                realm.second(tmp_path / "second") as second:
            realm.signer = realm.key(kind="signature")
            until(lambda: send(second, signed(realm)).status_code == 200, "the second node knows the key")
            for first, then in ((realm, second), (second, realm)):
                field = signed(realm)
                assert send(first, field).status_code == 200
                assert_refused(send(then, field), 401)
    finally:
        redis.stop()


IDENTITIES = [
    "X-User", "X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Auth-User", "X-Forwarded-Email", "X-User-Id",
    "X-Heliograph-User", "X-WEBAUTH-USER", "X-SSL-Client-Cert", "X-Client-Cert", "X-SSL-Client-S-DN", "Forwarded",
    "X-Forwarded-For", "X-Real-IP", "X-Original-User", "From", "X-Roles", "X-Scopes", "X-Admin", "X-Internal",
    "X-Forwarded-Client-Cert"]


@pytest.mark.parametrize("name", IDENTITIES)
def test_a_header_that_names_somebody_makes_nobody_that_one(realm, name):
    for value in ("root", "1", "user:1", "admin", "127.0.0.1", "for=127.0.0.1", "true"):
        assert_refused(Caller(realm, headers={name: value}).get(USERS), 401)
        assert_refused(realm.weak.get(USERS, headers={name: value}), 403)


def test_the_address_that_a_client_claims_is_not_that_which_a_key_is_bound_to(realm):
    bound = realm.key(addresses=["192.0.2.0/24"])
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"):
        answer = bound.get(ME, headers={name: "for=192.0.2.1" if name == "Forwarded" else "192.0.2.1"})
        assert_refused(answer, 401, 403)
    assert realm.key(addresses=["127.0.0.0/8"]).get(ME).status_code == 200


def test_two_authorizations_are_none(realm):
    weak, strong = secret_of(realm.weak), secret_of(realm.admin)
    for first, second in ((weak, strong), (strong, weak), (strong, strong), ("x", strong), (strong, "x")):
        with Raw(realm) as raw:
            raw.send(get(USERS, f"Authorization: Bearer {first}", f"Authorization: Bearer {second}"))
            assert raw.answer().status in (400, 401)
        with Raw(realm) as raw:
            raw.send(get(USERS, f"Authorization: Bearer {first}, Bearer {second}"))
            assert raw.answer().status in (400, 401)


def test_two_credentials_of_different_kinds_are_none(realm):
    key, strong = realm.key(kind="x-api-key"), realm.admin.headers
    assert_refused(realm.weak.get(USERS, headers=key.headers), 400, 401)
    assert_refused(Caller(realm, headers=strong | {"x-api-key": "garbage"}).get(USERS), 400, 401)
    assert_refused(Caller(realm, headers=key.headers | {"authorization": signed(realm)}).get(ME), 400, 401)
    with Raw(realm) as raw:
        raw.send(get(USERS, f"X-API-Key: {secret_of(key)}", f"X-API-Key: {secret_of(key)}"))
        assert raw.answer().status in (400, 401)


def test_a_cookie_beside_a_credential_lends_it_nothing(realm):
    realm.user("weak-cookie", "powerless")
    cookie = realm.login("weak-cookie", cookie=True)
    both = Caller(realm, headers=realm.weak.headers | {"cookie": cookie.headers["cookie"]}).get(ME)
    assert both.status_code in (200, 400)
    if both.status_code == 200:
        assert both.json()["data"]["user"]["username"] == "weak"
    # One that is wrong does not fall back to the cookie.
    assert_refused(cookie.get(ME, headers={"authorization": "Bearer garbage"}), 400, 401)


DISGUISED = [
    "//api/v1/users", "/api//v1/users", "/api/v1//users", "/api/v1/./users", "/./api/v1/users", "/api/v1/x/../users",
    "/health/../api/v1/users", "/health/%2e%2e/api/v1/users", "/docs/..%2fapi/v1/users", "/api/v1/%2e/users",
    "/api/v1/%2e%2e/v1/users", "/API/v1/users", "/api/V1/users", "/api/v1/USERS", "/api/v1/users;", "/api/v1/users;x=y",
    "/health;/../api/v1/users", "/api/v1/users/", "/api/v1/users//", "/api/v1%2fusers", "/api%2fv1%2fusers",
    "/api/v1/users%00", "/api/v1/users%00.html", "/api/v1/users%20", "/api/v1/users%0a", "/api/v1/users%23",
    "/api/v1/users%3f", "/api/v1/%75sers", "/%61pi/v1/users", "/api/v1/%2575sers", "/api\\v1\\users", "\\api/v1/users",
    "/api/v1/users.json", "/api/v1/users.css", "/api/v1/users/..;/users", "/docs/style.css/../../api/v1/users",
    "/metrics/..%5c..%5capi/v1/users", "/api/v1/users%c0%af", "/api/v1/users?/health", "/api/v1/users#/health",
    "http://127.0.0.1/api/v1/users", "/bench/../api/v1/users", "/api/v1/auth/login/../../users"]


@pytest.mark.parametrize("path", DISGUISED)
def test_a_path_in_disguise_leads_nowhere_or_to_the_same_gate(realm, path):
    weak, strong = ((f"Authorization: {who.headers['authorization']}",) for who in (realm.weak, realm.admin))
    answers = []
    for fields in ((), weak, strong):
        with Raw(realm) as raw:
            raw.send(get(path, *fields))
            answers.append(raw.answer())
    statuses = [answer.status for answer in answers]
    # Either it is the path itself, or it is nothing for anybody.
    assert statuses in ([401, 403, 200], [400] * 3, [404] * 3, [401, 404, 404]), statuses
    assert not [answer for answer in answers[:2] if b"root" in answer.body]


@pytest.mark.parametrize("name", [
    "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method", "X-Original-URL",
    "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Host", "X-Accel-Redirect"])
def test_a_header_changes_neither_method_nor_path(realm, name):
    number = realm.user(f"overridden-{name.lower()}")
    for value in ("DELETE", f"/api/v1/users/{number}", "/health"):
        assert realm.admin.get(f"{USERS}/{number}", headers={name: value}).status_code == 200
        assert_refused(Caller(realm, headers={name: value}).get(USERS), 401)
        assert realm.weak.get("/health", headers={name: value}).json()["data"]["status"] in ("ok", "degraded")
    assert_refused(realm.admin.post(f"{USERS}/{number}?_method=DELETE", {"_method": "DELETE"}), 405)
    assert realm.admin.get(f"{USERS}/{number}").status_code == 200


@pytest.mark.parametrize("path", [USERS, ME, "/api/v1/system/config", "/api/v1/apikeys", "/api/v1/audit"])
def test_a_credential_in_the_query_is_none(realm, path):
    for name in ("token", "access_token", "api_key", "apikey", "key", "hg_access"):
        assert_refused(realm.nobody().get(f"{path}?{name}={secret_of(realm.admin)}"), 401)


def test_a_credential_in_the_query_is_none_for_a_post(realm):
    assert_refused(realm.nobody().post(f"/api/v1/auth/logout?token={secret_of(realm.admin)}"), 401)
    assert realm.admin.get(ME).status_code == 200


def test_a_refused_request_does_not_reach_into_the_next_of_its_connection(realm):
    with Raw(realm) as raw:
        raw.send(get(USERS, f"Authorization: Bearer {secret_of(realm.admin)}") + get(USERS) + get(ME))
        assert [raw.answer().status for _ in range(3)] == [200, 401, 401]
