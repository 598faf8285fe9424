"""Updates as Telegram never sends them: each gets the right answer, the log keeps clear of them, the service lives on."""

import json

import httpx
import pytest

from bots import scenario
from raw import Raw, request
from relay import Relay
from simulated import Gateway, SimProcess
from tail import log_end, read_log

SECRET = "x-telegram-bot-api-secret-token"
EDGE = 2**63
MEGABYTE = 1 << 20
RSS_GROWTH_MAX = 64 * MEGABYTE


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A simulator, a gateway, and the relay that learns the secrets."""
    sim, relay = SimProcess(tmp_path_factory.mktemp("sim")), Relay()
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), sim, HELIOGRAPH_PUBLIC_URL=relay.url)
    relay.target = gateway
    try:
        sim.start()
        gateway.start()
        yield sim, gateway, relay
        assert gateway.stop() == 0, gateway.log_tail()
    finally:
        gateway.kill()
        sim.kill()
        relay.close()


class Door:
    """The place where one bot's updates come in."""

    def __init__(self, house, name):
        self.sim, self.gateway, self.relay = house
        self.bot = self.sim("createBot", username=name)
        self.name = name
        self.gateway.register(self.bot, mode="webhook")
        self.person = self.sim("createUser", first_name="Ada")["id"]
        self.path = f"/api/v1/telegram/webhook/{name}"
        self.number = 1000
        self.say("hello")
        self.secret = self.relay.secrets[name]

    def say(self, text):
        """Something good comes in."""
        self.sim("send", user=self.person, chat=self.bot["id"], text=text)
        scenario.wait_for(f"the message {text!r}", lambda: text in self.texts())

    def texts(self):
        answer = self.gateway.api("GET", f"/messages/history/{self.person}?limit=20")
        return [message["text"] for message in answer["messages"]]

    def post(self, body, secret=None, path=None, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {SECRET: secret or self.secret, "content-type": "application/json"} | headers
        return httpx.post(self.gateway.url(path or self.path), content=content, headers=fields, timeout=30)

    def update(self, kind="message", value=None, **others):
        self.number += 1
        usual = {
            "message_id": self.number, "date": 1_800_000_000, "text": f"number {self.number}",
            "from": {"id": self.person, "is_bot": False, "first_name": "Ada"},
            "chat": {"id": self.person, "type": "private", "first_name": "Ada"}}
        return {"update_id": self.number, kind: usual if value is None else value} | others

    def refused(self, answer, status, code):
        """An error in the envelope."""
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        body = answer.json()
        assert body["success"] is False and body["error"]["code"] == code, body

    def harmless(self, post, status, code):
        """What is posted is refused, and neither the log nor the bot takes harm."""
        end = log_end(self.gateway)
        self.refused(post(), status, code)
        assert log_end(self.gateway) == end
        self.number += 1
        self.say(f"all is well {self.number}")
        assert self.gateway.api("GET", f"/bots/{self.bot['id']}")["bot"]["state"] == "active"

    def new_event(self, body):
        """The event that an update becomes."""
        end = log_end(self.gateway)
        answer = self.post(body)
        assert (answer.status_code, answer.json()) == (200, {"ok": True}), answer.text
        scenario.wait_for("the event", lambda: log_end(self.gateway) > end)
        [event] = read_log(self.gateway, end)
        return event


@pytest.fixture(scope="module")
def door(house):
    return Door(house, "hostile_bot")


def nested(depth):
    return b'{"update_id":7,"message":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)


def text(raw):
    """A whole update around a raw text."""
    return (b'{"update_id":8,"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"},"text":"'
            + raw + b'"}}')


MALFORMED = {
    "empty": b"", "blank": b"  \n", "no JSON": b"update", "truncated": text(b"x")[:-1], "half": text(b"x")[:40],
    "two documents": b'{"update_id":1}{"update_id":2}', "a trailing comma": b'{"update_id":1,}',
    "a single quote": b"{'update_id':1}", "NaN": b'{"update_id":NaN}', "a comment": b'{"update_id":1}//',
    "depth 10,000": nested(10_000), "depth 100,000 of arrays": b"[" * 100_000,
    "a lone byte": text(b"\xff"), "an overlong slash": text(b"\xc0\xaf"), "a surrogate in UTF-8": text(b"\xed\xa0\x80"),
    "a cut character": text(b"\xf0\x9f\x98"), "beyond Unicode": text(b"\xf4\x90\x80\x80"),
    "a lone surrogate": text(b"\\ud83d"), "a zero byte": text(b"\0"), "UTF-16": text(b"x").decode().encode("utf-16"),
    "an id beyond 64 bits": b'{"update_id":%d}' % (EDGE * 2), "an id far beyond": b'{"update_id":1%s}' % (b"0" * 400),
    "a chat beyond 64 bits": text(b"x").replace(b'"id":5', b'"id":%d' % (-EDGE - 1)),
    "a date beyond 64 bits": text(b"x").replace(b'"date":1', b'"date":%d' % (EDGE * 4)),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_is_told_so(door, body):
    door.harmless(lambda: door.post(body), 400, "MALFORMED_JSON")


GOOD = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "x"}
ODD = [None, True, "", "5", -1.5, [], {}, [[]]]
WRONG = [{}, [], "update", 5, None, True, {"update_id": -1}, {"update_id": -EDGE}, {"message": GOOD}]
WRONG += [{"update_id": EDGE, "message": GOOD}]
WRONG += [{"update_id": odd, "message": GOOD} for odd in ODD]
WRONG += [{"update_id": 9, "message": odd} for odd in ODD if odd != {}]
WRONG += [{"update_id": 9, "message": GOOD | {field: odd}}
          for field in ("message_id", "date", "chat", "from", "sender_chat", "edit_date") for odd in ODD]
WRONG += [{"update_id": 9, "message": GOOD | {"chat": {"id": odd}}} for odd in ODD]
WRONG += [{"update_id": 9, "message": GOOD | {"date": date}} for date in (-1, 253_402_300_800, EDGE - 1)]
WRONG += [{"update_id": 9, kind: {"from": {"id": "5"}}} for kind in ("callback_query", "inline_query", "poll_answer")]
WRONG += [{"update_id": 9, "callback_query": {"from": {"id": 5}, "message": {"chat": {"id": []}}}}]


def test_wrong_types_everywhere_are_named(door):
    end = log_end(door.gateway)
    for body in WRONG:
        answer = door.post(body)
        assert answer.status_code == 422, f"{body}: {answer.text}"
        door.refused(answer, 422, "VALIDATION_FAILED")
        assert answer.json()["error"]["details"]["path"].startswith("body"), answer.text
    assert log_end(door.gateway) == end
    door.say("after wrong types")


DOUBLED = [
    b'{"update_id":11,"update_id":12,"message":%s}', b'{"update_id":11,"update_id":11,"message":%s}',
    b'{"update_id":11,"message":{},"message":%s}', b'{"update_id":11,"message":%s,"message":%s}',
    b'{"update_id":11,"message":%s,"edited_message":%s}',
    b'{"update_id":11,"message":{"chat":{"id":5},"chat":{"id":6}},"x":%s}',
    b'{"update_id":11,"message":{"chat":{"id":5,"id":6}},"x":%s}',
    b'{"update_id":11,"message":{"chat":{"id":5},"from":{"id":1},"from":{"id":2}},"x":%s}',
    b'{"update_id":11,"message":{"chat":{"id":5},"message_id":1,"message_id":2},"x":%s}',
    b'{"update_id":11,"message":{"chat":{"id":5},"c\\u0068at":{"id":6}},"x":%s}',
]


@pytest.mark.parametrize("body", DOUBLED)
def test_what_could_be_read_in_two_ways_is_not_taken(door, body):
    """Whoever reads the payload with another parser would see another chat than the one that the right to it was for."""
    good = json.dumps(GOOD).encode()
    door.harmless(lambda: door.post(body.replace(b"%s", good)), 422, "VALIDATION_FAILED")


@pytest.mark.parametrize("size", [MEGABYTE + 1, 10 * MEGABYTE])
@pytest.mark.parametrize("framing", ["length", "chunks", "promise"])
def test_a_body_that_no_update_has_is_too_large(door, size, framing):
    body = b'{"update_id":13,"message":{"text":"' + b"x" * size + b'"}}'
    fields = [f"{SECRET}: {door.secret}", "Content-Type: application/json"]

    def post():
        with Raw(door.gateway) as raw:
            if framing == "chunks":
                raw.send(request("POST", door.path, *fields, "Transfer-Encoding: chunked"))
                raw.send_as_far_as_possible(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            elif framing == "promise":
                raw.send(request("POST", door.path, *fields, f"Content-Length: {len(body)}"))
            else:
                raw.send_as_far_as_possible(request("POST", door.path, *fields, body=body))
            answer = raw.answer()
            return httpx.Response(answer.status, content=answer.body)

    door.harmless(post, 413, "PAYLOAD_TOO_LARGE")


def test_many_large_bodies_take_no_memory_for_good(door):
    for _ in range(5):
        door.post(text(b"x" * (MEGABYTE - 1000))[:-1])
    before = door.gateway.rss_bytes()
    for _ in range(20):
        door.refused(door.post(text(b"x" * (MEGABYTE - 1000))[:-1]), 400, "MALFORMED_JSON")
        door.refused(door.post(nested(10_000)), 400, "MALFORMED_JSON")
    assert door.gateway.rss_bytes() - before < RSS_GROWTH_MAX


def test_a_body_that_breaks_off_leaves_nothing(door):
    end = log_end(door.gateway)
    body = json.dumps(door.update()).encode()
    for cut in (0, 1, len(body) // 2, len(body) - 1):
        with Raw(door.gateway) as raw:
            head = request("POST", door.path, f"{SECRET}: {door.secret}", "Content-Type: application/json", body=body)
            raw.send(head[:len(head) - len(body) + cut])
    assert log_end(door.gateway) == end
    door.say("after what broke off")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])
def test_what_does_not_call_itself_json_changes_nothing(door, kind):
    """Telegram says `application/json`; others are refused, or read for what they are: JSON."""
    end = log_end(door.gateway)
    answer = door.post(b"update_id=5", **{"content-type": kind})
    assert answer.status_code in (400, 415), answer.text
    assert answer.json()["error"]["code"] in ("MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE")
    assert log_end(door.gateway) == end
    door.say(f"after {kind}")


SECRETS = {
    "none": None, "empty": b"", "short": b"x", "long": b"x" * 5000, "almost": "first", "longer": "more", "cases": "swap",
    "bytes": b"\xff\xfe"}


@pytest.mark.parametrize("kind", SECRETS)
def test_without_the_secret_nothing_comes_in(door, kind):
    secret = {"first": door.secret[:-1] + ("a" if door.secret[-1] != "a" else "b"), "more": door.secret + "x",
              "swap": door.secret.swapcase()}.get(SECRETS[kind], SECRETS[kind])
    fields = {"content-type": "application/json"} | ({} if secret is None else {SECRET: secret})
    body = json.dumps(door.update()).encode()
    door.harmless(
        lambda: httpx.post(door.gateway.url(door.path), content=body, headers=fields, timeout=30), 401, "UNAUTHORIZED")
    assert door.secret not in door.gateway.log_tail(1_000_000)


def test_the_secret_of_one_bot_opens_no_other(house, door):
    other = Door(house, "neighbour_bot")
    door.harmless(lambda: other.post(other.update(), secret=door.secret), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("name", ["nobody_bot", "%00", "hostile_bot%2F", "hostile_bo", "..", "x" * 2000, "5000000001"])
def test_an_unknown_bot_is_told_from_a_wrong_secret_by_nobody(door, name):
    path = f"/api/v1/telegram/webhook/{name}"
    end = log_end(door.gateway)
    answer = door.post(door.update(), path=path)
    # A path that is no name at all is refused before.
    assert answer.status_code in (400, 401, 404), answer.text
    if answer.status_code == 401:
        wrong = door.post(door.update(), secret="wrong")
        assert answer.json() == wrong.json()
    assert answer.json()["success"] is False
    assert log_end(door.gateway) == end


def test_the_name_is_taken_in_any_case(door):
    body = door.update()
    assert door.post(body, path=door.path.replace("hostile", "HOSTILE")).status_code == 200


def test_a_paused_bot_is_told_to_come_later_and_loses_nothing(house):
    door = Door(house, "paused_bot")
    door.gateway.api("PATCH", f"/bots/{door.bot['id']}", {"isPaused": True})
    end = log_end(door.gateway)
    answer = door.post(door.update())
    door.refused(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    assert log_end(door.gateway) == end
    door.sim("send", user=door.person, chat=door.bot["id"], text="while it rests")
    door.gateway.api("PATCH", f"/bots/{door.bot['id']}", {"isPaused": False})
    scenario.wait_for("the message", lambda: "while it rests" in door.texts())


def test_a_deleted_bot_is_unknown(house):
    door = Door(house, "deleted_bot")
    door.gateway.api("DELETE", f"/bots/{door.bot['id']}")
    door.refused(door.post(door.update()), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(door, method):
    answer = httpx.request(method, door.gateway.url(door.path), headers={SECRET: door.secret}, timeout=30)
    door.refused(answer, 405, "METHOD_NOT_ALLOWED")


# What is odd but may be, one day, is kept.

@pytest.mark.parametrize("number", [0, 2**31, 2**53 + 1, EDGE - 2])
def test_the_numbers_of_updates_reach_to_the_edge(door, number):
    event = door.new_event(door.update() | {"update_id": number})
    assert event["payload"]["update_id"] == number


@pytest.mark.parametrize("chat", [EDGE - 1, -EDGE, 2**53 + 1, -(2**53) - 1, 0])
def test_the_numbers_of_chats_reach_to_the_edge(door, chat):
    body = door.update()
    body["message"] |= {"chat": {"id": chat, "type": "supergroup", "title": "edge"}, "message_id": EDGE - 1}
    event = door.new_event(body)
    assert (event["chatId"], event["messageId"]) == (str(chat), str(EDGE - 1))
    answer = scenario.wait_for(
        "the message", lambda: door.gateway.api("GET", f"/messages/history/{chat}")["messages"])
    assert answer[0]["message"]["chat"]["id"] == chat


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}]}, [], "text", 5, None], ids=repr)
def test_a_kind_that_nobody_knows_is_kept_whole(door, value):
    body = {"update_id": door.update()["update_id"], "thing_of_tomorrow": value}
    event = door.new_event(body)
    assert event["type"] == "unknown"
    assert event["payload"] == body


def test_fields_that_nobody_knows_are_kept_as_they_came(door):
    body = door.update(extra={"\u0000": "\U0001f600"})
    body["message"] |= {"new": {"deep": [1.5e300, "\u2028", {"": ""}]}, "text": "so \u0000 it is"}
    event = door.new_event(body)
    assert event["payload"] == body
    door.say("after odd fields")


def test_an_update_that_comes_again_changes_nothing(door):
    body = door.update()
    door.new_event(body)
    end = log_end(door.gateway)
    for again in (body, body | {"message": body["message"] | {"text": "another"}}, {"update_id": body["update_id"]}):
        assert door.post(again).status_code == 200
    assert log_end(door.gateway) == end


def test_a_polled_bot_gets_past_what_telegram_never_sends(house):
    sim, gateway, _ = house
    bot = sim("createBot", username="polled_bot")
    gateway.register(bot, mode="polling")
    person = sim("createUser", first_name="Ada")["id"]
    end = log_end(gateway)
    for body in ({"message": 5}, {"message": {"chat": {"id": "x"}}}, {"callback_query": [], "x": 1}, {"unheard_of": {}}):
        number = sim("update", bot=bot["id"], kind="unheard_of", value={})["update_id"] + 1
        sim("update", bot=bot["id"], raw=json.dumps({"update_id": number} | body))
    sim("send", user=person, chat=bot["id"], text="past it")
    scenario.wait_for("the message", lambda: [
        m for m in gateway.api("GET", f"/messages/poll/{person}")["messages"] if m["text"] == "past it"])
    assert {event["type"] for event in read_log(gateway, end)} == {"unknown", "message"}


def test_the_service_is_well_after_all_of_it(house):
    _, gateway, _ = house
    scenario.wait_for("good health", lambda: httpx.get(
        gateway.url("/health"), timeout=30).json()["data"]["status"] == "ok")
    assert gateway.rss_bytes() < 512 * MEGABYTE
