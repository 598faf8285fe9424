"""What happens to an open WebSocket whose caller loses what let it in: it ends, or falls silent, on every node."""

import json
import time
import uuid

import pytest
import websockets.exceptions
import websockets.sync.client

import databases
from realm import PASSWORD, Caller, Realm, assert_refused, secret_of, until

# A second by the design, and what a busy machine adds.
WITHIN = 5


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    """A node of two that share PostgreSQL, and no Redis."""
    folder = tmp_path_factory.mktemp("streams")
    with Realm.running(folder / "first", DATABASE_URL=databases.shared().fresh()) as realm, \
            realm.second(folder / "second") as second:
        realm.role("reader", "chats.read")
        realm.other = second
        yield realm


@pytest.fixture(params=["the same node", "another node"])
def node(realm, request):
    """Where the WebSocket is; what changes, changes at the first node."""
    return realm if request.param == "the same node" else realm.other


def say(socket, **message):
    """Sends a message, and returns the answer to it; events on the way are passed over."""
    socket.send(json.dumps(message))
    while "payload" in (answer := json.loads(socket.recv(timeout=30))):
        pass
    return answer


def listen(socket, **what):
    answer = say(socket, action="subscribe", **what)
    assert answer["type"] == "subscribed", answer


def texts(socket, seconds=30):
    """The texts of the events that come; what is no event is passed over."""
    while True:
        message = json.loads(socket.recv(timeout=seconds))
        if "payload" in message:
            yield message["payload"]["text"]


def hear(socket, text):
    """Waits for an event; returns the texts that came before it."""
    before = []
    for one in texts(socket):
        if one == text:
            return before
        before.append(one)


def reader(realm, name, kind="token", chat=5):
    """Somebody new who may read a chat, as every node knows: the credential, the role and the grant."""
    number = realm.user(name, "reader")
    realm.grant(f"user:{number}", f"chat:{chat}", canRead=True)
    who = realm.credential(kind, name, number)
    for one in (realm, realm.other):
        until(lambda: who.get(f"/api/v1/messages/history/{chat}?limit=1", node=one).status_code == 200, "every node knows")
    return number, who


def heard(socket):
    """The texts of all events that are there before the answer to a ping."""
    socket.send(json.dumps({"action": "ping"}))
    seen = []
    while (message := json.loads(socket.recv(timeout=30)))["type"] != "pong":
        seen.append(message.get("payload", {}).get("text"))
    return seen


def assert_falls_silent(realm, node, socket, since, chat=5):
    """In time the connection ends, or says no more of what happens; a witness tells when it has happened."""
    with realm.admin.socket(node) as witness:
        listen(witness, all=True)
        silent = 0
        while silent < 2:
            text = f"secret {uuid.uuid4()}"
            late = time.monotonic() > since + WITHIN
            realm.append(chat, text=text)
            hear(witness, text)
            try:
                said = text in heard(socket)
            except websockets.exceptions.ConnectionClosed as closed:
                assert closed.rcvd is not None and closed.rcvd.code == 1008, closed
                return
            silent = 0 if said else silent + 1
            assert not (said and late), f"it still hears what happens {WITHIN} s later"


@pytest.mark.parametrize("way", [
    "the key is revoked", "the user is disabled", "the user is deleted", "the session is ended", "the session logs out",
    "the password is changed", "a refresh token is replayed", "the role loses the permission",
    "the user loses the role"])
def test_a_socket_ends_or_falls_silent_when(realm, node, way):
    name = f"{way.replace(' ', '-')}-{'a' if node is realm else 'b'}"
    number, who = reader(realm, name, "key" if "key" in way else "token")
    path = f"/api/v1/users/{number}"
    with who.socket(node) as socket:
        listen(socket, chat_id=5)
        if way == "a refresh token is replayed":
            body = {"refreshToken": who.refresh}
            assert realm.nobody().post("/api/v1/auth/refresh", body).status_code == 200
        since = time.monotonic()
        done = {
            "the key is revoked": lambda: realm.admin.delete(f"/api/v1/apikeys/{who.key}"),
            "the user is disabled": lambda: realm.admin.patch(path, {"isDisabled": True}),
            "the user is deleted": lambda: realm.admin.delete(path),
            "the session is ended": lambda: realm.admin.delete(f"{path}/sessions/{who.session}"),
            "the session logs out": lambda: who.post("/api/v1/auth/logout"),
            "the password is changed": lambda: realm.admin.patch(path, {"password": "a new " + PASSWORD}),
            "a refresh token is replayed": lambda: realm.nobody().post("/api/v1/auth/refresh", body),
            "the role loses the permission": lambda: realm.admin.put("/api/v1/roles/reader", {"permissions": []}),
            "the user loses the role": lambda: realm.admin.patch(path, {"roles": []}),
        }[way]()
        try:
            assert done.status_code == (401 if "replayed" in way else 200), done.text
            assert_falls_silent(realm, node, socket, since)
        finally:
            realm.role("reader", "chats.read")


@pytest.mark.parametrize("way", ["all", "chat", "bot"])
@pytest.mark.parametrize("subject", ["user", "role"])
def test_a_grant_that_is_taken_away_ends_what_was_read_with_it(realm, node, way, subject):
    name = f"ungranted-{subject}-{way}-{'a' if node is realm else 'b'}"
    number, who = reader(realm, name, chat=6)
    role = realm.role(f"of-{name}", "chats.read")
    assert realm.admin.patch(f"/api/v1/users/{number}", {"roles": [role]}).status_code == 200
    subject = f"role:{role}" if subject == "role" else f"user:{number}"
    realm.grant(subject, "chat:5", canRead=True)
    with who.socket(node) as socket:
        until(lambda: say(socket, action="subscribe", chat_id=5)["type"] == "subscribed", "the grant is known")
        if way != "chat":
            say(socket, action="unsubscribe", chat_id=5)
            listen(socket, **{"all": {"all": True}, "bot": {"bot_id": 7}}[way])
        realm.append(5, text=f"before {name}")
        hear(socket, f"before {name}")
        since = time.monotonic()
        assert realm.admin.delete(f"/api/v1/grants?subject={subject}&target=chat:5").status_code == 200
        assert_falls_silent(realm, node, socket, since)
        # The connection is as it was for what is granted still.
        listen(socket, chat_id=6)
        realm.append(6, text=f"open {name}")
        hear(socket, f"open {name}")
        answer = say(socket, action="subscribe", chat_id=5)
        assert answer["type"] == "error", answer


@pytest.mark.parametrize("way", ["the grant of the role", "the permission of the role"])
def test_a_role_that_came_while_the_socket_was_open_is_heeded_when_it_loses(realm, node, way):
    name = f"late-{way[4:9]}-{'a' if node is realm else 'b'}"
    number, who = reader(realm, name, chat=6)
    role = realm.role(f"of-{name}", "chats.read")
    realm.grant(f"role:{role}", "chat:5", canRead=True)
    with who.socket(node) as socket:
        listen(socket, chat_id=6)
        assert realm.admin.patch(f"/api/v1/users/{number}", {"roles": [role]}).status_code == 200
        until(lambda: say(socket, action="subscribe", chat_id=5)["type"] == "subscribed", "the role is known")
        since = time.monotonic()
        gone = {
            "the grant of the role": lambda: realm.admin.delete(f"/api/v1/grants?subject=role:{role}&target=chat:5"),
            "the permission of the role": lambda: realm.admin.put(f"/api/v1/roles/{role}", {"permissions": []})}[way]()
        assert gone.status_code == 200
        assert_falls_silent(realm, node, socket, since)


def test_what_happened_before_a_grant_was_taken_away_is_not_read_back(realm):
    number, who = reader(realm, "reads-back")
    realm.append(5, text="of old")
    realm.grant(f"user:{number}", "chat:6", canRead=True)
    assert realm.admin.delete(f"/api/v1/grants?subject=user:{number}&target=chat:5").status_code == 200
    for target in ({"bot_id": 7}, {"all": True}):
        with who.socket() as socket:
            listen(socket, cursor="start", **target)
            text = f"now {uuid.uuid4()}"
            realm.append(6, text=text)
            assert not [one for one in hear(socket, text) if not one.startswith(("open", "now"))]
            assert say(socket, action="subscribe", chat_id=5, cursor="start")["type"] == "error"


def test_no_caller_hears_of_chats_that_were_not_granted(realm):
    _, who = reader(realm, "narrow")
    with who.socket() as socket:
        for target in ({"all": True}, {"bot_id": 7}):
            listen(socket, **target)
        for chat in (99, -5, 50, 0, 2**53, -(2**53)):
            assert say(socket, action="subscribe", chat_id=chat)["error"]["code"] == "FORBIDDEN"
            realm.append(chat, text="secret")
        realm.append(5, text="mine")
        assert "secret" not in hear(socket, "mine")


def test_a_key_hears_no_more_than_its_targets(realm):
    number, _ = reader(realm, "bounded")
    realm.grant(f"user:{number}", "chat:6", canRead=True)
    key = realm.key(number, targets=["chat:6"])
    with key.socket() as socket:
        assert say(socket, action="subscribe", chat_id=5)["type"] == "error"
        listen(socket, all=True)
        realm.append(5, text="secret to a key")
        realm.append(6, text="open to a key")
        assert "secret to a key" not in hear(socket, "open to a key")


@pytest.fixture(scope="module")
def quiet(realm):
    """Somebody who may read a chat in which nothing happens."""
    number, who = reader(realm, "quiet")
    realm.grant(f"user:{number}", "chat:4000", canRead=True)
    return who


ODD = ["' OR 1=1 --", "*", "", 5.5, 1e400, 2**70, -(2**70), [], {}, [4000], {"$gt": 0}, False, "\0", "a" * 10_000]


@pytest.mark.parametrize("field", ["chat_id", "bot_id", "account_id", "all", "cursor", "action"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
def test_a_message_that_is_odd_is_refused_in_words(quiet, field, value):
    message = {"action": "subscribe", "chat_id": 4000} | {field: value}
    if field in ("bot_id", "account_id", "all"):
        del message["chat_id"]
    with quiet.socket() as socket:
        socket.send(json.dumps(message).replace("Infinity", "1e400"))
        assert json.loads(socket.recv(timeout=30))["type"] == "error"
        assert say(socket, action="ping")["type"] == "pong"


@pytest.mark.parametrize("token", ["", "garbage", "key-of-nobody"])
def test_a_socket_needs_a_credential_that_is_good(realm, token):
    shown = f"hg_{'a' * 16}_{'a' * 43}" if token == "key-of-nobody" else token
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        websockets.sync.client.connect(realm.url(f"/api/v1/ws?token={shown}").replace("http", "ws", 1))
    assert refused.value.response.status_code == 401


def test_a_token_in_the_query_opens_a_socket_and_is_heeded_there_alone(realm):
    _, who = reader(realm, "by-query")
    with websockets.sync.client.connect(
            realm.url(f"/api/v1/ws?token={secret_of(who)}").replace("http", "ws", 1)) as socket:
        listen(socket, chat_id=5)
    doubled = Caller(realm, headers=who.headers).get(f"/api/v1/ws?token={secret_of(realm.admin)}")
    assert_refused(doubled, 400, 401)
