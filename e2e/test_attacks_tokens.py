"""Forged, stolen, guessed and used tokens and keys."""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import secrets
import statistics
import string
import time

import pytest

from raw import Raw, get
from realm import PASSWORD, Caller, Realm, assert_refused, secret_of

ME = "/api/v1/auth/me"
REFRESH = "/api/v1/auth/refresh"
SAMPLES, ATTEMPTS, FACTOR = 60, 3, 2.0


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("tokens")) as realm:
        yield realm


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def forged(token, header=None, claims=None, key=b"secret", digest=hashlib.sha256, payload=None):
    """A token like a good one but for what is given, signed with a key of ours."""
    head, body, _ = token.split(".")
    head = encoded(json.dumps(json.loads(decoded(head)) | (header or {})).encode())
    body = encoded(payload or json.dumps(json.loads(decoded(body)) | (claims or {})).encode())
    return f"{head}.{body}." + encoded(hmac.new(key, f"{head}.{body}".encode(), digest).digest())


def bearing(realm, token):
    return Caller(realm, headers={"authorization": f"Bearer {token}"}).get(ME)


def good(realm):
    """A token that is good, to be made bad; one session does for all."""
    if not hasattr(realm, "good"):
        realm.good = secret_of(realm.admin)
    assert bearing(realm, realm.good).status_code == 200
    return realm.good


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None])
@pytest.mark.parametrize("signature", ["", "kept", "ours"])
def test_a_token_without_a_signature_is_refused(realm, name, signature):
    token = forged(good(realm), {"alg": name})
    head, body, ours = token.split(".")
    signature = {"": "", "kept": good(realm).split(".")[2], "ours": ours}[signature]
    assert_refused(bearing(realm, f"{head}.{body}.{signature}"), 401)


@pytest.mark.parametrize("name", ["RS256", "HS512", "HS384", "ES256", "PS256", "EdDSA", "hs256", "HS1"])
def test_a_token_of_another_algorithm_is_refused(realm, name):
    digest = {"HS512": hashlib.sha512, "HS384": hashlib.sha384, "HS1": hashlib.sha1}.get(name, hashlib.sha256)
    for key in (b"", b"secret", bytes(32), json.loads(decoded(good(realm).split(".")[0]))["kid"].encode()):
        assert_refused(bearing(realm, forged(good(realm), {"alg": name}, key=key, digest=digest)), 401)
    # The signature of the good token, under another name of the algorithm.
    head, body, _ = forged(good(realm), {"alg": name}).split(".")
    assert_refused(bearing(realm, f"{head}.{body}.{good(realm).split('.')[2]}"), 401)


@pytest.mark.parametrize(
    "key", [b"", b"\0", b"secret", b"heliograph", b"heliograph-api", bytes(32), bytes.fromhex("5e" * 32), b"5e" * 32])
def test_a_token_signed_with_a_guessed_key_is_refused(realm, key):
    assert_refused(bearing(realm, forged(good(realm), key=key)), 401)


@pytest.mark.parametrize("kid", [
    "/dev/null", "../../../../dev/null", "' UNION SELECT x'00' --", "' OR '1'='1", "", "*", "a" * 5000, "\0", 1, None,
    ["a"], {"a": 1}, "http://127.0.0.1/key", "%00", "\n"])
def test_a_key_id_that_is_a_path_or_sql_or_nothing_is_refused(realm, kid):
    for key in (b"", b"\0", bytes(32)):
        assert_refused(bearing(realm, forged(good(realm), {"kid": kid}, key=key)), 401)


@pytest.mark.parametrize("header", [
    {"jwk": {"kty": "oct", "k": encoded(b"secret")}}, {"jku": "http://127.0.0.1:1/keys"},
    {"x5u": "http://127.0.0.1:1/x"}, {"x5c": ["MIIB"]}, {"crit": ["exp"]}, {"zip": "DEF"}, {"cty": "JWT"},
    {"typ": "JWE"}])
def test_a_key_that_a_token_brings_along_is_not_used(realm, header):
    assert_refused(bearing(realm, forged(good(realm), header)), 401)


@pytest.mark.parametrize("claims", [
    {"exp": 1}, {"exp": 2**63}, {"exp": -1}, {"exp": "9999999999"}, {"exp": None}, {"exp": 1e300}, {"nbf": 2**40},
    {"iat": 2**40}, {"iss": "else"}, {"iss": None}, {"iss": ["heliograph"]}, {"aud": "else"}, {"aud": []},
    {"sub": "2"}, {"sub": 1}, {"sub": "1 OR 1=1"}, {"sub": "../1"}, {"sub": ""}, {"sid": "2"}, {"sid": None},
    {"roles": ["admin"]}, {"scope": "*"}], ids=str)
def test_a_token_with_other_claims_is_refused_with_our_signature_and_with_the_old_one(realm, claims):
    token = forged(good(realm), claims=claims)
    assert_refused(bearing(realm, token), 401)
    head, _, signature = good(realm).split(".")
    assert_refused(bearing(realm, f"{head}.{token.split('.')[1]}.{signature}"), 401)


def test_a_token_whose_claims_stand_twice_is_refused(realm):
    head, body, signature = good(realm).split(".")
    twice = decoded(body).replace(b'"sub":"1"', b'"sub":"1","sub":"2"')
    assert twice != decoded(body)
    assert_refused(bearing(realm, f"{head}.{encoded(twice)}.{signature}"), 401)
    assert_refused(bearing(realm, forged(good(realm), payload=twice)), 401)


def test_a_change_of_any_character_of_a_token_is_noticed(realm):
    token = good(realm)
    alphabet = string.ascii_letters + string.digits + "-_"
    for place in range(len(token)):
        # The neighbour in the alphabet differs in the lowest bit alone, which encodings may drop at their end.
        old = token[place]
        new = alphabet[alphabet.index(old) ^ 1] if old in alphabet else "A"
        changed = token[:place] + new + token[place + 1:]
        assert bearing(realm, changed).status_code == 401, f"{place}: {old} became {new}"


def test_a_token_that_is_cut_off_or_padded_is_refused(realm):
    token = good(realm)
    head, body, signature = token.split(".")
    wrong = [token[:length] for length in (*range(0, 12), len(head), len(head) + 1, len(token) - 2, len(token) - 1)]
    wrong += [token + end for end in ("=", "==", ".", ".x", "A", "%00", " x", ",x")]
    wrong += [f"{head}..{signature}", f".{body}.{signature}", f"{head}.{body}", f"{head} .{body}.{signature}", "..",
        "."]
    wrong += [f"{head}.{body}.{signature[:-4]}", f"{head}.{body}.{signature}.{signature}", token.upper()]
    for one in wrong:
        with Raw(realm) as raw:
            raw.send(get(ME, f"Authorization: Bearer {one}"))
            assert raw.answer().status == 401, repr(one)


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "bearer", "BEARER", "Token", "", "Bearer Bearer",
    "HELIOGRAPH-HMAC-SHA256"])
def test_only_a_bearer_is_a_bearer(realm, scheme):
    answer = Caller(realm, headers={"authorization": f"{scheme} {good(realm)}".strip()}).get(ME)
    # The name of a scheme has no case (RFC 9110, 11.1).
    assert answer.status_code == (200 if scheme.lower() == "bearer" else 401)


@pytest.mark.parametrize("size", [9_000, 20_000])
def test_a_token_that_is_far_too_long_is_refused(realm, size):
    token = forged(good(realm), claims={"pad": "a" * size})
    assert_refused(bearing(realm, token), 401)
    assert_refused(bearing(realm, "a" * size), 401)
    assert_refused(Caller(realm, headers={"cookie": f"hg_access={token}"}).get(ME), 401)
    assert_refused(Caller(realm, headers={"x-api-key": "hg_" + "a" * size}).get(ME), 401)


def test_a_token_beyond_the_limit_of_headers_is_431(realm):
    assert_refused(bearing(realm, "a" * 40_000), 431)


def test_a_refresh_token_is_good_once_and_ends_its_session_when_it_comes_again(realm):
    realm.user("once")
    session = realm.login("once")
    other = realm.login("once")
    first = realm.nobody().post(REFRESH, {"refreshToken": session.refresh})
    assert first.status_code == 200
    new = first.json()["data"]
    assert new["refreshToken"] != session.refresh and bearing(realm, new["accessToken"]).status_code == 200
    assert_refused(realm.nobody().post(REFRESH, {"refreshToken": session.refresh}), 401)
    assert_refused(realm.nobody().post(REFRESH, {"refreshToken": new["refreshToken"]}), 401)
    assert_refused(bearing(realm, new["accessToken"]), 401)
    assert_refused(session.get(ME), 401)
    assert other.get(ME).status_code == 200


def test_of_many_that_refresh_at_once_at_most_one_wins_and_the_session_is_dead(realm):
    realm.user("racer")
    session = realm.login("racer")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda _: realm.nobody().post(REFRESH, {"refreshToken": session.refresh}), range(8)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {200, 401}
    new = won[0].json()["data"]
    assert_refused(bearing(realm, new["accessToken"]), 401)
    assert_refused(realm.nobody().post(REFRESH, {"refreshToken": new["refreshToken"]}), 401)
    assert_refused(session.get(ME), 401)


@pytest.mark.parametrize("way", ["logout", "end", "disable", "password"])
def test_a_refresh_token_dies_with_its_session(realm, way):
    number = realm.user(f"dying-{way}", "viewer")
    session = realm.login(f"dying-{way}")
    done = {
        "logout": lambda: session.post("/api/v1/auth/logout"),
        "end": lambda: realm.admin.delete(f"/api/v1/users/{number}/sessions/{session.session}"),
        "disable": lambda: realm.admin.patch(f"/api/v1/users/{number}", {"isDisabled": True}),
        "password": lambda: realm.admin.patch(f"/api/v1/users/{number}", {"password": "another " + PASSWORD}),
    }[way]()
    assert done.status_code == 200, done.text
    assert_refused(realm.nobody().post(REFRESH, {"refreshToken": session.refresh}), 401)
    assert_refused(session.get(ME), 401)


def test_a_new_password_of_ones_own_ends_the_other_sessions(realm):
    realm.user("changing")
    mine, other = realm.login("changing"), realm.login("changing")
    changed = mine.post("/api/v1/auth/password", {"currentPassword": PASSWORD, "newPassword": "a new " + PASSWORD})
    assert changed.status_code == 200
    assert_refused(other.get(ME), 401)
    assert_refused(realm.nobody().post(REFRESH, {"refreshToken": other.refresh}), 401)


@pytest.mark.parametrize("attempt", range(3))
def test_who_signs_in_with_a_password_while_it_is_changed_is_not_in_afterwards(realm, attempt):
    number = realm.user(f"raced-{attempt}")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        body = {"password": "another " + PASSWORD}
        change = pool.submit(realm.admin.patch, f"/api/v1/users/{number}", body)
        login = {"username": f"raced-{attempt}", "password": PASSWORD}
        logins = [pool.submit(realm.nobody().post, "/api/v1/auth/login", login) for _ in range(4)]
    assert change.result().status_code == 200
    for answer in (one.result() for one in logins):
        if answer.status_code == 200:
            assert_refused(bearing(realm, answer.json()["data"]["accessToken"]), 401)
        else:
            assert_refused(answer, 401)
    assert realm.login(f"raced-{attempt}", "another " + PASSWORD).get(ME).status_code == 200


def test_credentials_are_not_looked_at_any_more_where_too_many_were_wrong(tmp_path):
    settings = {
        "HELIOGRAPH_LIMITS_ENABLED": "true", "HELIOGRAPH_LIMITS_WRONG_CREDENTIALS_BURST": 5,
        "HELIOGRAPH_LIMITS_WRONG_CREDENTIALS_PER_MINUTE": 1, "HELIOGRAPH_LIMITS_ADDRESS_BURST": 1000,
        "HELIOGRAPH_LIMITS_ADDRESS_PER_SECOND": 1000}
    with Realm.running(tmp_path / "limited", **settings) as realm:
        known, guessed = realm.key(), realm.key()
        assert known.get(ME).status_code == 200
        for _ in range(5):
            assert_refused(bearing(realm, f"hg_{'a' * 16}_{secrets.token_urlsafe(32)}"), 401)
        # A guess that is right looks like one that is wrong; whoever was here before is still known.
        assert_refused(bearing(realm, f"hg_{'a' * 16}_{secrets.token_urlsafe(32)}"), 429)
        assert_refused(guessed.get(ME), 429)
        assert known.get(ME).status_code == 200


@pytest.mark.parametrize("token", ["refresh", "key", "access"])
def test_one_kind_of_token_is_no_other_kind(realm, token):
    realm.user(f"kinds-{token}")
    session, key = realm.login(f"kinds-{token}"), realm.key()
    if token == "refresh":
        assert_refused(bearing(realm, session.refresh), 401)
        assert_refused(Caller(realm, headers={"x-api-key": session.refresh}).get(ME), 401)
        assert_refused(Caller(realm, headers={"cookie": f"hg_access={session.refresh}"}).get(ME), 401)
    else:
        shown = secret_of(session if token == "access" else key)
        assert_refused(realm.nobody().post(REFRESH, {"refreshToken": shown}), 401)
        other = {"x-api-key": shown} if token == "access" else {"cookie": f"hg_access={shown}"}
        assert_refused(Caller(realm, headers=other).get(ME), 401)


def guesses(realm):
    """A key with the right name and a wrong secret, and one whose name nobody has."""
    key = secret_of(realm.key())
    _, name, secret = key.split("_", 2)
    near = f"hg_{name}_{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"
    return [
        [near, f"hg_{name}_{'A' * 43}"],
        [f"hg_{''.join(secrets.choice(name) for _ in name)}_{secrets.token_urlsafe(32)}" for _ in range(2)]]


def test_a_wrong_secret_of_a_key_is_answered_as_a_key_that_nobody_has(realm):
    right, unknown = guesses(realm)
    answers = [bearing(realm, key) for key in right + unknown]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    headers = [{name for name in answer.headers} for answer in answers]
    assert all(one == headers[0] for one in headers)


def assert_alike(first, second):
    """Two things take about the same time, in turns; a busy machine has several attempts."""
    for _ in range(ATTEMPTS):
        times = ([], [])
        for number in range(SAMPLES):
            for index, act in enumerate((first, second)):
                begin = time.perf_counter()
                act(number)
                times[index].append(time.perf_counter() - begin)
        medians = [statistics.median(one) for one in times]
        if max(medians) / min(medians) < FACTOR:
            return
    raise AssertionError(f"the medians are {medians}")


def test_a_wrong_secret_of_a_key_takes_as_long_as_a_key_that_nobody_has(realm):
    right, unknown = guesses(realm)
    assert_alike(lambda _: bearing(realm, right[0]), lambda _: bearing(realm, unknown[0]))


def test_a_login_of_an_unknown_name_takes_as_long_as_a_wrong_password(realm):
    def attempt(name):
        answer = realm.nobody().post("/api/v1/auth/login", {"username": name, "password": "wrong " + PASSWORD})
        assert_refused(answer, 401)

    # One user may be tried only so often, so each attempt is for another.
    made = realm.sql("SELECT COALESCE(MAX(id), 0) FROM users")[0][0]
    rows = ",".join(
        f"({10_000 + int(made) + n}, 'known-{n}', '', (SELECT password_hash FROM users WHERE id = 1), 0, 0)"
        for n in range(SAMPLES * ATTEMPTS))
    realm.sql(f"INSERT INTO users (id, username, display_name, password_hash, is_disabled, created_at) VALUES {rows};")
    numbers = iter(range(10**6))
    assert_alike(
        lambda _: attempt(f"known-{next(numbers) % (SAMPLES * ATTEMPTS)}"),
        lambda _: attempt(f"unknown-{next(numbers)}"))


def test_a_login_says_nothing_of_whether_the_user_is_there(realm):
    number = realm.user("disabled")
    assert realm.admin.patch(f"/api/v1/users/{number}", {"isDisabled": True}).status_code == 200
    realm.user("present")
    answers = [
        realm.nobody().post("/api/v1/auth/login", {"username": name, "password": password})
        for name, password in (("present", "wrong " + PASSWORD), ("absent", PASSWORD), ("disabled", PASSWORD))]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("role", ["viewer", "powerless"])
def test_the_routes_of_users_say_nothing_of_who_is_there_to_those_who_may_not_know(realm, role):
    realm.role("powerless")
    name = f"curious-{role}"
    realm.user(name, role)
    who = realm.login(name)
    for path in ("/api/v1/users/{}", "/api/v1/users/{}/sessions", "/api/v1/apikeys?user={}",
        "/api/v1/grants?subject=user:{}"):
        there, absent = who.get(path.format(1)), who.get(path.format(424242))
        assert (there.status_code, there.json().get("error")) == (absent.status_code, absent.json().get("error")), path


def test_a_rotated_signing_key_leaves_sessions_that_are_good(realm):
    before = secret_of(realm.admin)
    assert realm.admin.post("/api/v1/auth/rotate-signing-key").status_code == 200
    realm.user("after-rotation")
    after = secret_of(realm.login("after-rotation"))
    names = [json.loads(decoded(token.split(".")[0]))["kid"] for token in (before, after)]
    assert names[0] != names[1]
    assert bearing(realm, before).status_code == bearing(realm, after).status_code == 200
    # A token of one key under the name of the other is nobody's.
    head = encoded(json.dumps({"alg": "HS256", "typ": "JWT", "kid": names[1]}).encode())
    _, body, signature = before.split(".")
    assert_refused(bearing(realm, f"{head}.{body}.{signature}"), 401)
