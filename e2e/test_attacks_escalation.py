"""Users and keys that try to become more than they are."""

import pytest

from realm import PASSWORD, Caller, Realm, assert_refused, secret_of

ME = "/api/v1/auth/me"
SELF_PROMOTIONS = [
    {"roles": ["admin"]}, {"roles": ["viewer", "admin"]}, {"isAdmin": True}, {"role": "admin"}, {"permissions": ["*"]},
    {"id": "1"}, {"passwordHash": "x"}, {"isDisabled": False, "roles": ["admin"]}, {"password": "a new " + PASSWORD}]


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("escalation")) as realm:
        realm.role("powerless")
        realm.role("people", "users.read", "users.manage", "keys.create")
        realm.role("keymaster", "keys.create", "keys.manage")
        realm.role("doorkeeper", "chats.manage", "chats.read", "users.read")
        realm.role("engineer", "system.read", "system.manage")
        realm.people = {
            name: realm.user(f"the-{name}", name)
            for name in ("operator", "viewer", "powerless", "people", "keymaster", "doorkeeper", "engineer")}
        realm.callers = {name: realm.login(f"the-{name}") for name in realm.people}
        yield realm


@pytest.fixture(autouse=True)
def administrator_stays(realm):
    """Whatever was tried, the administrator is still the only one, and still can sign in with the old password."""
    yield
    rows = realm.sql(
        "SELECT u.id, u.username, u.is_disabled FROM users u JOIN user_roles r ON r.user_id = u.id"
        " WHERE r.role = 'admin'")
    assert rows == [("1", "root", "0")]
    assert realm.admin.get(ME).status_code == 200
    roles = {one["name"]: one["permissions"] for one in realm.admin.get("/api/v1/roles").json()["data"]["roles"]}
    assert roles["powerless"] == [] and "users.manage" not in roles["viewer"] + roles["operator"]


def roles_of(realm, number):
    return realm.admin.get(f"/api/v1/users/{number}").json()["data"]["user"]["roles"]


@pytest.mark.parametrize("body", SELF_PROMOTIONS, ids=str)
@pytest.mark.parametrize("name", ["operator", "viewer", "powerless", "keymaster", "engineer"])
def test_nobody_makes_more_of_themselves(realm, name, body):
    who, number = realm.callers[name], realm.people[name]
    assert_refused(who.patch(f"/api/v1/users/{number}", body), 403)
    assert_refused(who.patch("/api/v1/users/me", body), 403, 404)
    assert_refused(who.patch(ME, body), 404, 405)
    assert roles_of(realm, number) == [name]


def test_who_manages_people_gives_no_more_than_they_have(realm):
    who, own = realm.callers["people"], realm.people["people"]
    for path in (f"/api/v1/users/{own}", f"/api/v1/users/{realm.people['viewer']}"):
        for roles in (["admin"], ["people", "admin"], ["operator"], ["keymaster"]):
            assert_refused(who.patch(path, {"roles": roles}), 403)
    assert_refused(who.post("/api/v1/users", {"username": "puppet", "password": PASSWORD, "roles": ["admin"]}), 403)
    assert_refused(who.put("/api/v1/roles/people", {"permissions": ["users.read", "users.manage", "audit.read"]}), 403)
    assert_refused(who.put("/api/v1/roles/mine", {"permissions": ["system.manage"]}), 403)
    assert roles_of(realm, own) == ["people"]


@pytest.mark.parametrize("body", [
    {"password": "taken over " + PASSWORD}, {"isDisabled": True}, {"roles": []}, {"roles": ["viewer"]},
    {"displayName": "harmless", "password": "taken over " + PASSWORD}], ids=str)
@pytest.mark.parametrize("name", ["people", "operator", "viewer", "keymaster"])
def test_nobody_takes_over_who_may_more(realm, name, body):
    assert_refused(realm.callers[name].patch("/api/v1/users/1", body), 403)
    assert_refused(realm.nobody().post("/api/v1/auth/login",
        {"username": "root", "password": "taken over " + PASSWORD}), 401, 429)


def test_who_manages_people_cannot_remove_who_may_more(realm):
    assert_refused(realm.callers["people"].delete("/api/v1/users/1"), 403)
    assert_refused(realm.callers["people"].delete(f"/api/v1/users/{realm.people['operator']}"), 403)


def test_who_manages_people_cannot_end_the_sessions_of_who_may_more(realm):
    number = realm.user("stronger", "operator")
    session = realm.login("stronger")
    assert_refused(realm.callers["people"].delete(f"/api/v1/users/{number}/sessions/{session.session}"), 403, 404)
    assert session.get(ME).status_code == 200


def test_who_manages_people_cannot_lend_themselves_an_administrators_certificate(realm):
    who = realm.callers["people"]
    assert_refused(who.put("/api/v1/certificates", {"name": "dns:mine.example", "userId": "1"}), 403)
    assert realm.admin.get("/api/v1/certificates").json()["data"]["certificates"] == []


def test_built_in_roles_cannot_be_changed_or_removed(realm):
    for name in ("admin", "operator", "viewer"):
        for answer in (
                realm.admin.put(f"/api/v1/roles/{name}", {"permissions": []}),
                realm.admin.delete(f"/api/v1/roles/{name}")):
            assert_refused(answer, 403, 409, 422)


@pytest.mark.parametrize("name", ["Admin", "ADMIN", "admin ", "%20admin", "admin%00", "аdmin", "admin%2f",
    "admin,viewer"])
def test_a_role_that_looks_like_a_built_in_one_gives_nothing(realm, name):
    answer = realm.admin.put(f"/api/v1/roles/{name}", {"permissions": []})
    assert_refused(answer, 400, 404, 409, 422)


def test_a_role_has_only_permissions_that_there_are(realm):
    for permission in ("*", "users.*", "", "root", "users.manage ", "USERS.MANAGE", "users.manage,audit.read"):
        assert_refused(realm.admin.put("/api/v1/roles/odd", {"permissions": [permission]}), 422)


def test_the_last_administrator_stays(realm):
    for answer in (
            realm.admin.delete("/api/v1/users/1"), realm.admin.patch("/api/v1/users/1", {"isDisabled": True}),
            realm.admin.patch("/api/v1/users/1", {"roles": ["viewer"]}),
            realm.admin.patch("/api/v1/users/1", {"roles": []})):
        assert_refused(answer, 403, 409, 422)


@pytest.mark.parametrize("name", ["operator", "viewer", "people", "powerless"])
@pytest.mark.parametrize("fields", [
    {"scopes": ["audit.read"]}, {"scopes": ["system.manage"]}, {"userId": "1"},
    {"userId": "1", "scopes": ["chats.read"]},
    {"scopes": ["chats.manage", "chats.read"]}], ids=str)
def test_a_key_may_not_do_more_than_who_makes_it(realm, name, fields):
    assert_refused(realm.callers[name].post("/api/v1/apikeys", {"name": "more"} | fields), 403)


def test_a_key_without_scopes_may_do_what_its_user_may_and_no_more(realm):
    for fields in ({}, {"scopes": None}):
        key = realm.key(by=realm.callers["viewer"], **fields)
        mine = realm.callers["viewer"].get(ME).json()["data"]["permissions"]
        assert key.get(ME).json()["data"]["permissions"] == mine


@pytest.mark.parametrize("scopes", [["*"], [""], ["users.*"], ["root"], ["CHATS.READ"], [], "chats.read", [1], [None]],
    ids=str)
def test_scopes_that_are_none_give_nothing(realm, scopes):
    answer = realm.callers["viewer"].post("/api/v1/apikeys", {"name": "odd", "scopes": scopes})
    if answer.status_code == 201:
        key = Caller(realm, headers={"x-api-key": answer.json()["data"]["key"]})
        mine = set(realm.callers["viewer"].get(ME).json()["data"]["permissions"])
        assert set(key.get(ME).json()["data"]["permissions"]) <= (mine if scopes == ["*"] else set())
    else:
        assert_refused(answer, 403, 422)


def test_who_manages_keys_makes_none_that_may_more_than_they(realm):
    keymaster = realm.callers["keymaster"]
    for user in ("1", realm.people["operator"]):
        answer = keymaster.post("/api/v1/apikeys", {"name": "puppet", "userId": user})
        if answer.status_code == 201:
            key = Caller(realm, headers={"x-api-key": answer.json()["data"]["key"]})
            mine = set(keymaster.get(ME).json()["data"]["permissions"])
            assert set(key.get(ME).json()["data"]["permissions"]) <= mine
        else:
            assert_refused(answer, 403)


@pytest.mark.parametrize("kind", ["key", "x-api-key", "signature"])
def test_a_key_makes_no_key_and_changes_no_password(realm, kind):
    key = realm.key(kind=kind)
    before = realm.sql("SELECT COUNT(*) FROM api_keys")
    assert_refused(key.post("/api/v1/apikeys", {"name": "child"}), 403)
    body = {"currentPassword": PASSWORD, "newPassword": "by a key " + PASSWORD}
    assert_refused(key.post("/api/v1/auth/password", body), 403)
    assert realm.sql("SELECT COUNT(*) FROM api_keys") == before


@pytest.mark.parametrize("scopes", [["users.manage", "users.read"], ["users.manage"]], ids=str)
def test_a_narrow_key_of_an_administrator_makes_no_administrator(realm, scopes):
    key = realm.key(scopes=scopes)
    for answer in (
            key.post("/api/v1/users", {"username": "by-key", "password": PASSWORD, "roles": ["admin"]}),
            key.patch(f"/api/v1/users/{realm.people['viewer']}", {"roles": ["admin"]}),
            key.patch("/api/v1/users/1", {"password": "by a key " + PASSWORD}),
            key.put("/api/v1/roles/people", {"permissions": ["system.manage"]}),
            key.put("/api/v1/certificates", {"name": "dns:mine.example", "userId": "1"})):
        assert_refused(answer, 403)


@pytest.mark.parametrize("kind", ["key", "x-api-key", "signature"])
def test_a_narrow_key_ends_no_session_and_revokes_no_other_key_of_its_user(realm, kind):
    number = realm.user(f"whole-{kind}", "viewer")
    session, sibling = realm.login(f"whole-{kind}"), realm.key(number)
    narrow = realm.key(number, kind, scopes=["chats.read"])
    assert_refused(narrow.delete(f"/api/v1/users/{number}/sessions/{session.session}"), 403, 404)
    assert_refused(narrow.delete(f"/api/v1/apikeys/{sibling.key}"), 403, 404)
    assert session.get(ME).status_code == sibling.get(ME).status_code == 200
    assert narrow.delete(f"/api/v1/apikeys/{narrow.key}").status_code == 200
    assert_refused(narrow.get(ME), 401)


def test_who_manages_people_cannot_take_the_certificate_of_who_may_more(realm):
    name = "dns:stronger.example"
    assert realm.admin.put("/api/v1/certificates",
        {"name": name, "userId": realm.people["operator"]}).status_code == 200
    who = realm.callers["people"]
    assert_refused(who.put("/api/v1/certificates", {"name": name, "userId": realm.people["people"]}), 403)
    assert_refused(who.delete(f"/api/v1/certificates?name={name}"), 403)
    assert realm.admin.delete(f"/api/v1/certificates?name={name}").status_code == 200


def test_fields_that_a_request_may_not_set_are_not_set(realm):
    body = {
        "username": "assigned", "password": PASSWORD, "id": "999", "isAdmin": True, "passwordHash": "x",
        "createdAt": "2000-01-01T00:00:00Z", "permissions": ["*"], "user": {"roles": ["admin"]}}
    answer = realm.admin.post("/api/v1/users", body)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        user = answer.json()["data"]["user"]
        assert user["id"] != "999" and user["roles"] == [] and user["createdAt"] > "2020"
        login = realm.login("assigned")
        assert login.get(ME).json()["data"]["permissions"] == []


def test_fields_of_a_key_that_a_request_may_not_set_are_not_set(realm):
    body = {"name": "assigned", "id": "a" * 16, "key": "hg_" + "a" * 16 + "_" + "a" * 43, "revokedAt": None,
            "secretHash": "x", "user": "1", "createdAt": "2000-01-01T00:00:00Z", "permissions": ["*"]}
    answer = realm.callers["viewer"].post("/api/v1/apikeys", body)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        key = answer.json()["data"]
        assert key["apiKey"]["id"] != "a" * 16 and key["apiKey"]["userId"] == realm.people["viewer"]
        assert_refused(Caller(realm, headers={"x-api-key": body["key"]}).get(ME), 401)


def test_a_name_that_only_looks_like_anothers_is_no_second_account(realm):
    for name in ("Root", "ROOT", "root ", " root", "root\u200b", "r\u043e\u043et", "\uff52\uff4f\uff4f\uff54",
        "root\0"):
        answer = realm.admin.post("/api/v1/users", {"username": name, "password": PASSWORD})
        assert_refused(answer, 409, 422)
        login = realm.nobody().post("/api/v1/auth/login", {"username": name, "password": "not " + PASSWORD})
        assert_refused(login, 401, 422, 429)


def test_the_hash_of_a_password_and_the_secrets_of_keys_are_never_shown(realm):
    signer = realm.key(kind="signature")
    hashes = [row[0] for row in realm.sql("SELECT password_hash FROM users UNION SELECT secret_hash FROM api_keys")]
    assert len(hashes) > 5
    for path in (
            "/api/v1/users", "/api/v1/users/1", "/api/v1/apikeys?all=true", f"/api/v1/apikeys/{signer.key}",
            "/api/v1/audit?limit=200", ME, "/api/v1/users/1/sessions"):
        text = realm.admin.get(path).text
        assert not [one for one in hashes if one in text], path
        assert signer.secret.hex() not in text and "argon2" not in text and secret_of(realm.admin) not in text


GRANTS = [
    ("/api/v1/grants", {"subject": "{self}", "target": "*"}),
    ("/api/v1/grants", {"subject": "{self}", "target": "chat:5"}),
    ("/api/v1/grants", {"subject": "role:doorkeeper", "target": "chat:5"}),
    ("/api/v1/grants", {"subject": "{self}", "target": "bot:7"}),
    ("/api/v1/grants", {"subject": "{self}", "target": "account:7"}),
    ("/api/v1/chats/5/permissions", {"subject": "{self}"})]


@pytest.mark.parametrize("path, body", GRANTS, ids=str)
@pytest.mark.parametrize("right", ["canRead", "canSend", "canManage"])
def test_who_grants_chats_grants_no_more_than_they_have(realm, path, body, right):
    subject = body["subject"].format(self=f"user:{realm.people['doorkeeper']}")
    assert_refused(realm.callers["doorkeeper"].put(path, body | {"subject": subject, right: True}), 403, 404)
    assert realm.admin.get("/api/v1/grants?subject=" + subject).json()["data"]["grants"] == []


def test_who_manages_one_chat_grants_that_chat_alone_and_only_their_own_rights(realm):
    number = realm.user("steward", "doorkeeper")
    realm.grant(f"user:{number}", "chat:8", canRead=True, canManage=True)
    steward, viewer = realm.login("steward"), f"user:{realm.people['viewer']}"
    realm.grant(viewer, "chat:8", by=steward, canRead=True)
    for target, right in (("chat:8", "canSend"), ("chat:9", "canRead"), ("*", "canRead"), ("bot:8", "canRead")):
        assert_refused(steward.put("/api/v1/grants", {"subject": viewer, "target": target, right: True}), 403, 404)
    assert_refused(steward.delete("/api/v1/grants?subject=user:1&target=chat:9"), 403, 404)
    realm.admin.delete(f"/api/v1/grants?subject={viewer}&target=chat:8")


@pytest.mark.parametrize("subject", ["user:", "user:x", "user:-1", "role:", "role:no-such", "key:", "*", "admin",
    "user:1,user:2", "user:424242"])
def test_a_grant_needs_somebody_who_is_there(realm, subject):
    answer = realm.admin.put("/api/v1/grants", {"subject": subject, "target": "chat:1", "canRead": True})
    assert_refused(answer, 404, 422)


@pytest.mark.parametrize("target", ["", "chat:", "chat:x", "chat:1e3", "chat:99999999999999999999", "**", "bot:*",
    "user:1", "chat:1 ", "chat:01", "chat:+1"])
def test_a_grant_needs_a_target_that_is_one(realm, target):
    answer = realm.admin.put("/api/v1/grants", {"subject": "user:1", "target": target, "canRead": True})
    assert_refused(answer, 422)


def test_setup_is_over_once_there_is_a_user(realm):
    for token in ("", "0", "x" * 43, "null"):
        answer = realm.nobody().post("/api/v1/auth/setup", {"token": token, "username": "second", "password": PASSWORD})
        assert_refused(answer, 403, 409, 422)
