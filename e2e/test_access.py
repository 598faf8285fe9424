"""Who may do what: each operation of the document, with each kind of credential, for each role."""

import hashlib
import json
import re
import ssl

import httpx
import pytest

from certificates import Certificates
from realm import KEY_KINDS, PASSWORD, ROOT_NAME, SESSION_KINDS, USUAL, Caller, Realm, assert_refused

PERMISSIONS = {
    "users.read", "users.manage", "keys.create", "keys.manage", "audit.read", "system.read", "system.manage",
    "chats.read", "chats.send", "chats.manage", "bots.read", "bots.manage", "accounts.read", "accounts.manage",
    "webhooks.read", "webhooks.manage", "campaigns.read", "campaigns.manage", "proxies.read", "proxies.manage"}
ROLES = {
    "admin": PERMISSIONS,
    "operator": PERMISSIONS - {
        "users.manage", "keys.manage", "audit.read", "system.manage", "chats.manage"},
    "viewer": {
        "keys.create", "chats.read", "bots.read", "accounts.read", "webhooks.read", "campaigns.read", "proxies.read"},
    "powerless": set(),
}
ANONYMOUS = ("none", "garbage")
KINDS = (*SESSION_KINDS, *KEY_KINDS)
USER, KEY = "424242", "aaaaaaaaaaaaaaaa"
ANYONE = None

# How each operation is called, so that it changes nothing when it is allowed: method, path, body and permission.
# {own} is the number of the caller's user.
CALLS = {
    "logout": ("POST", "/api/v1/auth/logout", None, ANYONE),
    "getMe": ("GET", "/api/v1/auth/me", None, ANYONE),
    "changePassword": ("POST", "/api/v1/auth/password", {"currentPassword": PASSWORD, "newPassword": "x"}, ANYONE),
    "listUsers": ("GET", "/api/v1/users", None, "users.read"),
    "createUser": ("POST", "/api/v1/users", {"username": ROOT_NAME, "password": PASSWORD}, "users.manage"),
    "getUser": ("GET", f"/api/v1/users/{USER}", None, "users.read"),
    "changeUser": ("PATCH", f"/api/v1/users/{USER}", {"displayName": "x"}, "users.manage"),
    "deleteUser": ("DELETE", f"/api/v1/users/{USER}", None, "users.manage"),
    "listUserSessions": ("GET", "/api/v1/users/{own}/sessions", None, ANYONE),
    "endUserSession": ("DELETE", "/api/v1/users/{own}/sessions/424242", None, ANYONE),
    "listRoles": ("GET", "/api/v1/roles", None, "users.read"),
    "putRole": ("PUT", "/api/v1/roles/passing", {"permissions": []}, "users.manage"),
    "deleteRole": ("DELETE", "/api/v1/roles/absent", None, "users.manage"),
    "listPermissions": ("GET", "/api/v1/permissions", None, ANYONE),
    "listKeys": ("GET", "/api/v1/apikeys", None, ANYONE),
    "createKey": ("POST", "/api/v1/apikeys", {"name": "a key"}, "keys.create"),
    "getKey": ("GET", f"/api/v1/apikeys/{KEY}", None, ANYONE),
    "revokeKey": ("DELETE", f"/api/v1/apikeys/{KEY}", None, ANYONE),
    "listGrants": ("GET", "/api/v1/grants", None, "users.read"),
    "putGrant": ("PUT", "/api/v1/grants", {"subject": f"user:{USER}", "target": "chat:5"}, "chats.manage"),
    "deleteGrant": ("DELETE", f"/api/v1/grants?subject=user:{USER}&target=chat:5", None, "chats.manage"),
    "listChatPermissions": ("GET", "/api/v1/chats/5/permissions", None, "chats.manage"),
    "putChatPermission": ("PUT", "/api/v1/chats/5/permissions", {"subject": f"user:{USER}"}, "chats.manage"),
    "deleteChatPermission": ("DELETE", f"/api/v1/chats/5/permissions?subject=user:{USER}", None, "chats.manage"),
    "listCertificates": ("GET", "/api/v1/certificates", None, "users.read"),
    "putCertificate": ("PUT", "/api/v1/certificates", {"name": "dns:a", "userId": USER}, "users.manage"),
    "deleteCertificate": ("DELETE", "/api/v1/certificates?name=dns:absent", None, "users.manage"),
    "listAudit": ("GET", "/api/v1/audit?limit=1", None, "audit.read"),
    "rotateSigningKey": ("POST", "/api/v1/auth/rotate-signing-key", None, "system.manage"),
    "openWebSocket": ("GET", "/api/v1/ws", None, "chats.read"),
    "listBots": ("GET", "/api/v1/bots", None, "bots.read"),
    "registerBot": ("POST", "/api/v1/bots", {"token": "none"}, "bots.manage"),
    "getBot": ("GET", f"/api/v1/bots/{USER}", None, "bots.read"),
    "changeBot": ("PATCH", f"/api/v1/bots/{USER}", {"displayName": "x"}, "bots.manage"),
    "replaceBotToken": ("PUT", f"/api/v1/bots/{USER}/token", {"token": "none"}, "bots.manage"),
    "deleteBot": ("DELETE", f"/api/v1/bots/{USER}", None, "bots.manage"),
    "createBotToken": ("POST", f"/api/v1/bots/{USER}/tokens", {}, "keys.create"),
    "getBotBudget": ("GET", f"/api/v1/bots/{USER}/budget", None, "chats.send"),
    "sendToChat": ("POST", "/api/v1/chats/5/messages", {"botId": USER, "text": "x"}, "chats.send"),
    "sendMessage": ("POST", "/api/v1/messages/send/5", {"botId": USER, "text": "x"}, "chats.send"),
    "editMessage": ("PATCH", "/api/v1/chats/5/messages/1", {"botId": USER, "text": "x"}, "chats.send"),
    "deleteMessage": ("DELETE", f"/api/v1/chats/5/messages/1?botId={USER}", None, "chats.send"),
    "deleteMessages": ("POST", "/api/v1/chats/5/messages/delete", {"botId": USER, "messageIds": [1]}, "chats.send"),
    "setReaction": ("PUT", "/api/v1/chats/5/messages/1/reaction", {"botId": USER, "emoji": "x"}, "chats.send"),
    "removeReaction": ("DELETE", f"/api/v1/chats/5/messages/1/reaction?botId={USER}", None, "chats.send"),
    "pinMessage": ("PUT", f"/api/v1/chats/5/messages/1/pin?botId={USER}", None, "chats.send"),
    "unpinMessage": ("DELETE", f"/api/v1/chats/5/messages/1/pin?botId={USER}", None, "chats.send"),
    "sendChatAction": ("POST", "/api/v1/chats/5/actions", {"botId": USER, "action": "typing"}, "chats.send"),
    "answerCallback": ("POST", f"/api/v1/bots/{USER}/callbacks/1/answer", {}, "chats.send"),
    "answerInlineQuery": ("POST", f"/api/v1/bots/{USER}/inline-queries/1/answer", {"results": []}, "chats.send"),
    "setBotCommands": ("PUT", f"/api/v1/bots/{USER}/commands", {"commands": []}, "bots.manage"),
    "getBotCommands": ("GET", f"/api/v1/bots/{USER}/commands", None, "bots.read"),
    "sendBatch": ("POST", "/api/v1/sends/batch", {"sends": []}, "chats.send"),
    "listSends": ("GET", "/api/v1/sends", None, ANYONE),
    "getSend": ("GET", f"/api/v1/sends/{USER}", None, ANYONE),
    "cancelSend": ("POST", f"/api/v1/sends/{USER}/cancel", None, "chats.send"),
    "listChats": ("GET", "/api/v1/chats", None, "chats.read"),
    "getChat": ("GET", "/api/v1/chats/5", None, "chats.read"),
    "listChatMessages": ("GET", "/api/v1/chats/5/messages", None, "chats.read"),
    "getHistory": ("GET", "/api/v1/messages/history/5", None, "chats.read"),
    "searchMessages": ("GET", "/api/v1/messages/search?q=word", None, "chats.read"),
    "pollMessages": ("GET", "/api/v1/messages/poll/5", None, "chats.read"),
    "getFile": ("GET", f"/api/v1/files/{USER}/absent", None, "chats.read"),
    "getSystemMetrics": ("GET", "/api/v1/system/metrics", None, "system.read"),
    "getSystemConfig": ("GET", "/api/v1/system/config", None, "system.read"),
}
PUBLIC = {
    "receiveUpdate": ("POST", "/api/v1/telegram/webhook/nobody", {"update_id": 1}),
    "login": ("POST", "/api/v1/auth/login", {"username": ROOT_NAME, "password": PASSWORD}),
    "refresh": ("POST", "/api/v1/auth/refresh", {}),
    "setUp": ("POST", "/api/v1/auth/setup", {}),
    "getHealth": ("GET", "/health", None),
    "getSystemHealth": ("GET", "/api/v1/system/health", None),
    "getMetricsText": ("GET", "/metrics", None),
    "getOpenAPI": ("GET", "/openapi.json", None),
    "getDocumentation": ("GET", "/docs", None),
}
UNDOCUMENTED = {
    "/docs/style.css": 200, "/bench/json": 200, "/bench/large": 200, "/bench/slow?ms=1": 200, "/bench/ws": 426}
# What a key may never do, whatever its user may: it would outlive itself.
NOT_BY_KEYS = {"createKey", "changePassword"}
# What anybody may do, but a key only with the permission for all of it.
NEEDED_BY_KEYS = {"endUserSession": "users.manage"}


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("access")) as realm:
        realm.role("powerless")
        yield people(realm)


def people(realm):
    """A realm with a user for each role."""
    realm.numbers = {role: realm.user(f"the-{role}", role) for role in ROLES}
    realm.callers = {}
    return realm


@pytest.fixture(scope="module")
def mutual(tmp_path_factory):
    """The same behind TLS, where the client's certificate says who it is."""
    certificates = Certificates(tmp_path_factory.mktemp("mutual-certificates"))
    shown = {role: certificates._signed(role, "extendedKeyUsage=clientAuth") for role in ROLES}
    settings = certificates.settings(mutual=True)
    tls = certificates.context(client=certificates.client)
    with Realm.running(tmp_path_factory.mktemp("mutual"), tls=tls, **settings) as realm:
        realm.role("powerless")
        people(realm).shown = certificates
        for role, pair in shown.items():
            name = f"sha256:{fingerprint(pair[0])}"
            answer = realm.admin.put("/api/v1/certificates", {"name": name, "userId": realm.numbers[role]})
            assert answer.status_code == 200, answer.text
            realm.callers[role] = Shown(realm, certificates.context(client=pair))
        yield realm


class Shown(Caller):
    """Somebody who shows a certificate."""

    def __init__(self, realm, context):
        super().__init__(self, "certificate")
        self.client = realm.connect(context)


def fingerprint(certificate):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def caller(realm, kind, role):
    """Each credential is made once."""
    if (kind, role) not in realm.callers:
        realm.callers[kind, role] = realm.credential(kind, f"the-{role}", realm.numbers[role])
    return realm.callers[kind, role]


def perform(realm, who, operation, role):
    method, path, body, _ = CALLS[operation]
    return who.call(method, path.format(own=realm.numbers[role]), body)


def assert_decided(answer, operation, role, kind):
    """The answer is what the tables say."""
    permission = CALLS[operation][3] or (NEEDED_BY_KEYS.get(operation) if kind in KEY_KINDS else ANYONE)
    allowed = permission in (ANYONE, *ROLES[role]) and not (operation in NOT_BY_KEYS and kind in KEY_KINDS)
    if allowed:
        assert answer.status_code not in (401, 403, 405) and answer.status_code < 500, answer.text
    else:
        assert_refused(answer, 403)


def operations(realm):
    paths = realm.nobody().get("/openapi.json").json()["paths"]
    return {operation["operationId"]: (method.upper(), path, operation)
            for path, methods in paths.items() for method, operation in methods.items()}


def test_no_operation_of_the_document_is_missing_from_the_table(realm):
    documented = operations(realm)
    assert set(documented) == set(CALLS) | set(PUBLIC)
    for name, call in (CALLS | PUBLIC).items():
        method, path, _ = documented[name]
        pattern = re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(path))
        assert method == call[0] and re.fullmatch(pattern, call[1].split("?")[0]), name


def test_the_document_names_the_permission_that_each_operation_needs(realm):
    for name, (_, _, operation) in operations(realm).items():
        described = operation["responses"].get("403", {}).get("description", "")
        named = re.fullmatch(r"Needs `([a-z.]+)`\.", described)
        assert (named[1] if named else None) == (CALLS[name][3] if name in CALLS else None), name
        assert ("401" in operation["responses"]) == bool(operation["security"]) == (name in CALLS), name


def test_the_catalogue_of_permissions_and_the_built_in_roles_are_those_of_the_table(realm):
    permissions = realm.admin.get("/api/v1/permissions").json()["data"]["permissions"]
    assert {one["name"] for one in permissions} == PERMISSIONS
    roles = {one["name"]: set(one["permissions"]) for one in realm.admin.get("/api/v1/roles").json()["data"]["roles"]}
    assert {name: roles[name] for name in ROLES} == ROLES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", CALLS)
def test_a_role_may_do_what_its_permissions_say(realm, operation, role, kind):
    who = caller(realm, kind, role)
    if operation == "logout":
        # It ends what it is called with.
        who = realm.callers.pop((kind, role))
    assert_decided(perform(realm, who, operation, role), operation, role, kind)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", CALLS)
def test_a_certificate_may_do_what_its_users_role_may(mutual, operation, role):
    answer = perform(mutual, mutual.callers[role], operation, role)
    if CALLS[operation][3] is ANYONE and operation in ("logout", "changePassword"):
        assert answer.status_code in (200, 403, 409, 422), answer.text
    else:
        assert_decided(answer, operation, role, "certificate")


@pytest.mark.parametrize("kind", ANONYMOUS)
@pytest.mark.parametrize("operation", CALLS)
def test_nobody_may_do_anything_without_a_credential(realm, operation, kind):
    who = caller(realm, kind, "admin")
    answer = perform(realm, who, operation, "admin")
    assert_refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", CALLS)
def test_a_certificate_that_no_user_has_is_nobody(mutual, operation):
    assert_refused(perform(mutual, mutual.nobody(), operation, "admin"), 401)


@pytest.mark.parametrize("operation", [name for name, call in CALLS.items() if call[0] == "GET"])
def test_head_needs_what_get_needs(realm, operation):
    _, path, _, permission = CALLS[operation]
    assert realm.nobody().call("HEAD", path.format(own=1)).status_code == 401
    if permission:
        assert caller(realm, "token", "powerless").call("HEAD", path).status_code == 403


@pytest.mark.parametrize("kind", (*ANONYMOUS, *KINDS))
@pytest.mark.parametrize("operation", PUBLIC)
def test_what_is_public_asks_nobody_who_they_are(realm, operation, kind):
    method, path, body = PUBLIC[operation]
    if operation == "login":
        # One user may sign in only so often.
        realm.user(f"public-{kind}")
        body = {"username": f"public-{kind}", "password": PASSWORD}
    answer = caller(realm, kind, "powerless").call(method, path, body)
    # Telegram shows the secret of a bot; of this one nobody has ever heard.
    expected = 401 if operation == "receiveUpdate" else 422 if body == {} else 200
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize("path", UNDOCUMENTED)
def test_what_is_not_in_the_document_is_as_public_as_it_is_meant_to_be(realm, path):
    assert realm.nobody().get(path).status_code == UNDOCUMENTED[path]


def test_the_routes_of_the_benchmarks_are_not_there_unless_asked_for(tmp_path):
    with Realm.running(tmp_path / "plain", HELIOGRAPH_BENCH=0) as realm:
        for path in [path for path in UNDOCUMENTED if path.startswith("/bench")]:
            assert_refused(realm.admin.get(path), 404)


@pytest.mark.parametrize("scope", sorted(PERMISSIONS))
def test_a_key_with_one_scope_may_do_that_alone(realm, scope):
    key = realm.key(scopes=[scope])
    for operation, (_, _, _, permission) in CALLS.items():
        answer = perform(realm, key, operation, "admin")
        forbidden = answer.status_code in (401, 403)
        if permission is None:
            continue
        assert forbidden == (permission != scope or operation in NOT_BY_KEYS), f"{operation}: {answer.text}"


@pytest.mark.parametrize("role", ["viewer", "powerless"])
@pytest.mark.parametrize("method, path", [("GET", "/sessions"), ("DELETE", "/sessions/{session}")])
def test_the_sessions_of_others_are_out_of_reach(realm, method, path, role):
    number = realm.user(f"seen-by-{role}-{method}")
    session = realm.login(f"seen-by-{role}-{method}")
    answer = caller(realm, "token", role).call(
        method, f"/api/v1/users/{number}" + path.format(session=session.session))
    assert_refused(answer, 403, 404)
    assert session.get("/api/v1/auth/me").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_foreign_page_changes_nothing_with_the_certificate_of_a_browser(mutual, method, kind):
    path, body = {
        "POST": ("/api/v1/users", {"username": "by-a-page"}), "PUT": ("/api/v1/roles/by-a-page", {"permissions": []}),
        "PATCH": ("/api/v1/users/1", {"displayName": "by a page"}), "DELETE": ("/api/v1/roles/powerless", None)}[method]
    for origin in ("https://evil.example.net", "null", f"http://localhost:{mutual.port + 1}"):
        answer = mutual.callers["admin"].call(method, path, body, {"origin": origin, "content-type": kind})
        assert_refused(answer, 403)
    text = mutual.admin.get("/api/v1/users").text + mutual.admin.get("/api/v1/roles").text
    assert "by-a-page" not in text and "by a page" not in text and "powerless" in text


def test_a_page_of_the_server_itself_may_use_the_certificate_of_a_browser(mutual):
    answer = mutual.callers["admin"].put("/api/v1/roles/own-page", {"permissions": []},
        headers={"origin": mutual.url()})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("role", ["operator", "viewer"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_keys_of_others_are_hidden(realm, role, method):
    other = realm.key()
    who = caller(realm, "token", role)
    hidden, absent = (who.call(method, f"/api/v1/apikeys/{key}") for key in (other.key, KEY))
    assert_refused(hidden, 404)
    assert hidden.json() == absent.json()
    assert other.get("/api/v1/auth/me").status_code == 200
    assert other.key not in who.get("/api/v1/apikeys").text
    assert_refused(who.get("/api/v1/apikeys?all=true"), 403)


def test_a_permission_that_goes_from_a_role_goes_from_its_users_at_once(realm):
    number = realm.user("short-lived", realm.role("reader", "users.read"))
    callers = [realm.credential(kind, "short-lived", number) for kind in KINDS]
    assert {who.get("/api/v1/users").status_code for who in callers} == {200}
    realm.role("reader")
    assert {who.get("/api/v1/users").status_code for who in callers} == {403}


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_who_is_disabled_or_deleted_is_nobody(realm, kind):
    name = f"leaving-{kind}"
    number = realm.user(name, "viewer")
    who = realm.credential(kind, name, number)
    assert who.get("/api/v1/auth/me").status_code == 200
    assert realm.admin.patch(f"/api/v1/users/{number}", {"isDisabled": True}).status_code == 200
    assert_refused(who.get("/api/v1/auth/me"), 401)
    assert realm.admin.patch(f"/api/v1/users/{number}", {"isDisabled": False}).status_code == 200
    again = realm.credential(kind, name, number)
    assert again.get("/api/v1/auth/me").status_code == 200
    assert realm.admin.delete(f"/api/v1/users/{number}").status_code == 200
    assert_refused(again.get("/api/v1/auth/me"), 401)
    assert_refused(who.get("/api/v1/auth/me"), 401)


def test_settings_show_no_secret(tmp_path):
    secrets = {"ENCRYPTION_KEY": USUAL["ENCRYPTION_KEY"], "DATABASE_URL": f"sqlite:{tmp_path}/secret-name.db"}
    with Realm.running(tmp_path / "secrets", **secrets) as realm:
        settings = realm.admin.get("/api/v1/system/config").json()["data"]["settings"]
        secret = {one["environment"]: one["value"] for one in settings if one["secret"]}
        assert {"ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS"} <= set(secret)
        for name, value in secrets.items():
            assert secret[name] and value not in json.dumps(settings), name


def test_a_stranger_to_the_authority_has_no_connection(mutual):
    for client in (None, mutual.shown.stranger):
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            mutual.connect(mutual.shown.context(client=client)).get("/health")
