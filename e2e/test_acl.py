"""Which chats a caller hears of: each kind of subject and target of a grant, through each kind of subscription."""

import contextlib
import itertools
import json

import pytest

from realm import Realm, assert_refused, until

# What happens: chat, source.
EVENTS = [(5, "bot:7"), (6, "bot:7"), (7, "bot:8"), (8, "account:3"), (-1005, "account:4")]
# What each target reaches of it; those of sources reach the chats in which that source was heard.
TARGETS = {
    "*": {5, 6, 7, 8, -1005}, "bot:7": {5, 6}, "bot:8": {7}, "account:3": {8}, "account:4": {-1005}, "chat:5": {5},
    "chat:-1005": {-1005}, "chat:999": set(), "bot:999": set(), "account:7": set()}
SUBSCRIPTIONS = {
    "all": {"all": True}, "bot:7": {"bot_id": 7}, "account:3": {"account_id": 3}, "chat:5": {"chat_id": 5},
    "chat:-1005": {"chat_id": -1005}}
REACH = {"all": {5, 6, 7, 8, -1005}, "bot:7": {5, 6}, "account:3": {8}, "chat:5": {5}, "chat:-1005": {-1005}}
END = 1
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with Realm.running(tmp_path_factory.mktemp("acl")) as realm:
        realm.role("reader", "chats.read")
        for chat, source in (*EVENTS, (END, "bot:7"), (END, "account:3")):
            realm.append(chat, source, "of old")
        yield realm


def holder(realm, target, subject="user", **rights):
    """A key of somebody new, with one grant to the user, to a role of the user or to the key; and the end for all."""
    name = f"reader-{next(numbers)}"
    number = realm.user(name, realm.role(f"of-{name}", "chats.read"))
    key = realm.key(number, inheritsChats=subject != "key")
    who = {"user": f"user:{number}", "role": f"role:of-{name}", "key": f"key:{key.key}"}[subject]
    realm.grant(who, target, **(rights or {"canRead": True}))
    realm.grant(who, f"chat:{END}", canRead=True)
    return key


def say(socket, **message):
    socket.send(json.dumps(message))
    while "payload" in (answer := json.loads(socket.recv(timeout=30))):
        pass
    return answer


def hear(socket):
    """The chats of which something comes before the end."""
    heard = set()
    while True:
        message = json.loads(socket.recv(timeout=30))
        if message["payload"]["text"] == "end":
            return heard
        if message["payload"]["text"] == "now":
            heard.add(int(message["chatId"]))


def hear_nothing(socket):
    """The chats of which something came before the answer to a ping."""
    socket.send(json.dumps({"action": "ping"}))
    heard = set()
    while (message := json.loads(socket.recv(timeout=30)))["type"] != "pong":
        heard.add(int(message["chatId"]))
    return heard


CELLS = [
    *((target, subject, "all", {"canRead": True}) for target in TARGETS for subject in ("user", "role", "key")),
    *((target, "user", name, {"canRead": True}) for target in TARGETS for name in SUBSCRIPTIONS if name != "all"),
    *(("chat:5", "user", name, {right: True}) for name in SUBSCRIPTIONS for right in ("canSend", "canManage"))]


@pytest.fixture(scope="module")
def heard(realm):
    """What each of many callers hears of the same events, or None where the subscription is refused."""
    with contextlib.ExitStack() as stack:
        open_ones, heard = {}, {}
        for number, (target, subject, subscription, rights) in enumerate(CELLS):
            socket = stack.enter_context(holder(realm, target, subject, **rights).socket())
            answer = say(socket, action="subscribe", **SUBSCRIPTIONS[subscription])
            if answer["type"] == "subscribed":
                open_ones[number] = socket
            else:
                assert answer["error"]["code"] == "FORBIDDEN"
                heard[number] = None
        for chat, source in EVENTS:
            realm.append(chat, source, "now")
        # One end for each subscription: it is in order only with what comes through the same.
        for chat, source in ((END, "bot:7"), (END, "account:3"), (5, "bot:7"), (-1005, "account:4")):
            realm.append(chat, source, "end")
        # Who hears nothing of a chat hears no end of it either, and is asked when all others have heard it.
        silent = [number for number in open_ones if CELLS[number][2].startswith("chat:") and not expected(number)]
        heard |= {number: hear(socket) for number, socket in open_ones.items() if number not in silent}
        return heard | {number: hear_nothing(open_ones[number]) for number in silent}


def expected(number):
    target, _, subscription, rights = CELLS[number]
    return TARGETS[target] & REACH[subscription] if "canRead" in rights else set()


@pytest.mark.parametrize("number", range(len(CELLS)), ids=["-".join((*cell[:3], *cell[3])) for cell in CELLS])
def test_a_subscription_hears_what_it_names_as_far_as_it_is_granted(heard, number):
    target, _, subscription, _ = CELLS[number]
    if subscription.startswith("chat:") and target.startswith("chat:") and not expected(number):
        # Who has no source that the chat could come from is refused at once.
        assert heard[number] is None
    else:
        assert heard[number] == expected(number)


@pytest.mark.parametrize("target", ["bot:7", "chat:5"])
def test_the_past_is_heard_as_far_as_it_is_granted(realm, target):
    with holder(realm, target).socket() as socket:
        assert say(socket, action="subscribe", all=True, cursor="start")["type"] == "subscribed"
        realm.append(END, "gateway", "the very end")
        chats, text = set(), None
        while text != "the very end":
            message = json.loads(socket.recv(timeout=30))
            text = message["payload"]["text"]
            chats.add(int(message["chatId"]))
        assert chats == TARGETS[target] | {END}


def test_a_grant_without_the_permission_lets_nobody_hear(realm):
    number = realm.user("no-permission", realm.role("deaf", "bots.read"))
    realm.grant(f"user:{number}", "*", canRead=True)
    assert_refused(realm.login("no-permission").get("/api/v1/ws"), 403)
    narrow = realm.key(realm.user("narrow-key", "reader"), scopes=["chats.read"])
    assert narrow.get("/api/v1/ws").status_code == 426
    other = realm.key(scopes=["users.read"])
    assert_refused(other.get("/api/v1/ws"), 403)


def test_a_key_that_inherits_nothing_hears_nothing_without_a_grant_of_its_own(realm):
    number = realm.user("generous", "reader")
    realm.grant(f"user:{number}", "*", canRead=True)
    key = realm.key(number, inheritsChats=False)
    with key.socket() as socket:
        for target in SUBSCRIPTIONS.values():
            assert say(socket, action="subscribe", **target)["type"] == "error"
        realm.grant(f"key:{key.key}", "chat:5", canRead=True)
        until(lambda: say(socket, action="subscribe", chat_id=5)["type"] == "subscribed", "the grant is known")
        assert say(socket, action="subscribe", chat_id=6)["type"] == "error"


def test_a_grant_to_a_key_does_not_outlive_it_nor_reach_beyond_its_user(realm):
    number = realm.user("poor", "viewer")
    key = realm.key(number)
    realm.grant(f"key:{key.key}", "chat:5", canRead=True)
    user = realm.login("poor")
    with user.socket() as socket:
        assert say(socket, action="subscribe", chat_id=5)["type"] == "error"
    assert realm.admin.delete(f"/api/v1/apikeys/{key.key}").status_code == 200
    assert_refused(key.get("/api/v1/ws"), 401)


def test_the_grants_of_a_user_who_is_deleted_go_to_nobody(realm):
    number = realm.user("gone", "reader")
    realm.grant(f"user:{number}", "chat:5", canRead=True)
    assert realm.admin.delete(f"/api/v1/users/{number}").status_code == 200
    assert realm.user("heir", "reader") != number
    assert realm.admin.get(f"/api/v1/grants?subject=user:{number}").json()["data"]["grants"] == []


def test_the_grants_of_a_role_that_is_deleted_go_to_nobody(realm):
    realm.role("passing", "chats.read")
    number = realm.user("of-passing", "passing")
    realm.grant("role:passing", "chat:5", canRead=True)
    deleted = realm.admin.delete("/api/v1/roles/passing")
    if deleted.status_code == 409:
        assert realm.admin.delete(f"/api/v1/users/{number}").status_code == 200
        assert realm.admin.delete("/api/v1/roles/passing").status_code == 200
    realm.role("passing", "chats.read")
    realm.user("of-another", "passing")
    with realm.login("of-another").socket() as socket:
        assert say(socket, action="subscribe", chat_id=5)["type"] == "error"


def test_both_ways_to_grant_say_the_same(realm):
    number = realm.user("both-ways", "reader")
    path, subject = "/api/v1/chats/50/permissions", f"user:{number}"
    assert realm.admin.put(path, {"subject": subject, "canRead": True}).status_code == 200
    by_chat = realm.admin.get(path).json()["data"]
    by_subject = realm.admin.get(f"/api/v1/grants?subject={subject}").json()["data"]["grants"]
    assert by_subject == next(value for value in by_chat.values() if isinstance(value, list))
    assert [(one["target"], one["canRead"], one["canSend"]) for one in by_subject] == [("chat:50", True, False)]
    assert realm.admin.delete(f"{path}?subject={subject}").status_code == 200
    assert realm.admin.get(f"/api/v1/grants?subject={subject}").json()["data"]["grants"] == []
    assert_refused(realm.admin.delete(f"{path}?subject={subject}"), 404)
