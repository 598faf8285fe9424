"""Chats as they are read: polls, pages, searches and files, on either database, and only what was granted."""

import base64
import concurrent.futures
import hashlib
import json
import pathlib
import threading
import time

import httpx
import pytest

import databases
from bots import scenario
from server import free_port
from simulated import Gateway, SimProcess

WORDS = ["an apple", "Apples AND oranges", "über Größe", "a \"quoted\" word", "C++ or c#", "50% off*", "smile \U0001f600 now",
         "semi;colon -- DROP TABLE", "NOT this NEAR that", "日本語 テキスト", "back\\slash", "(brackets) [here] {there}", "a:b^c"]


class House:
    """A gateway with a bot in a group, in another group, and in private chats."""

    def __init__(self, folder, kind):
        self.sim = SimProcess(folder).start()
        settings = {} if kind == "sqlite" else {"DATABASE_URL": databases.shared().fresh()}
        self.gateway = Gateway(
            folder, self.sim, HELIOGRAPH_PUBLIC_URL="self", HELIOGRAPH_TELEGRAM_FILE_MAX="2MiB", **settings).start()
        sim = self.sim
        self.bot = sim("createBot", username="reading_bot")
        self.second = sim("createBot", username="second_bot")
        for bot in (self.bot, self.second):
            self.gateway.register(bot, mode="webhook")
        self.ada, self.ben = [sim("createUser", first_name=name)["id"] for name in ("Ada", "Ben")]
        self.group, self.other = [
            sim("createChat", type="supergroup", title=title, creator=self.ada,
                members=[self.bot["id"], self.second["id"], self.ben])["id"] for title in ("Ours", "Theirs")]

    def chat(self, title):
        return self.sim("createChat", type="supergroup", title=title, creator=self.ada,
                        members=[self.bot["id"], self.ben])["id"]

    def say(self, chat, text=None, user=None, **content):
        if text is not None:
            content["text"] = text
        return self.sim("send", user=user or self.ada, chat=chat, **content)

    def history(self, chat, **query):
        return self.gateway.api("GET", f"/messages/history/{chat}", params=query)["messages"]

    def wait(self, chat, count, **query):
        return scenario.wait_for(f"{count} messages", lambda: (
            found := self.history(chat, limit=500, **query)) and len(found) >= count and found)

    def rest(self):
        """Everything that was said has come in, and is in the tables."""
        scenario.wait_for("all updates to go out", lambda: not any(
            bot["pending_updates"] for bot in self.sim("statistics")["bots"].values()))
        scenario.wait_for("the tables to be as the log", lambda: "\nchats_lag_events 0\n" in httpx.get(
            self.gateway.url("/metrics"), timeout=30).text)

    def every_page(self, path, limit, **query):
        """All messages of a list, page by page."""
        found, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.gateway.api("GET", path, params={"limit": limit} | query | more)
            found += page["messages"]
            cursor = page["nextCursor"]
            if not cursor:
                return found

    def narrow_key(self, chat):
        """A key that reaches one chat."""
        made = self.gateway.api(
            "POST", "/apikeys", {"name": "narrow", "inheritsChats": False, "scopes": ["chats.read", "chats.send"]},
            key=self.gateway.session)
        self.gateway.api("PUT", "/grants", {
            "subject": f"key:{made['apiKey']['id']}", "target": f"chat:{chat}", "canRead": True, "canSend": True})
        return made["key"]

    def close(self):
        self.gateway.kill()
        self.sim.kill()


@pytest.fixture(scope="module", params=databases.KINDS)
def house(request, tmp_path_factory):
    house = House(tmp_path_factory.mktemp("reading"), request.param)
    try:
        yield house
        assert house.gateway.stop() == 0, house.gateway.log_tail()
    finally:
        house.close()


def texts(messages):
    return [message["text"] for message in messages]


# Polling

def poll(house, chat, cursor, limit, wait=5, key=None):
    query = {"limit": limit, "wait": wait} | ({"cursor": cursor} if cursor else {})
    page = house.gateway.api("GET", f"/messages/poll/{chat}", params=query, key=key)
    return page["messages"], page["nextCursor"]


def test_pollers_skip_and_repeat_nothing_while_messages_come(house):
    chat, count = house.chat("polled"), 60
    sent = [[f"{user} says {number}" for number in range(count)] for user in (house.ada, house.ben)]
    goal = sorted(sum(sent, []))

    def read(limit):
        found, cursor = [], None
        deadline = time.monotonic() + 60
        while len([one for one in found if one["kind"] == "text"]) < len(goal):
            assert time.monotonic() < deadline, f"{len(found)} of {len(goal)}"
            messages, cursor = poll(house, chat, cursor, limit)
            assert len(messages) <= limit
            found += messages
        return found

    def write(user, lines):
        for line in lines:
            house.say(chat, line, user)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, limit) for limit in (1, 3, 7, 100, 500)]
        for user, lines in zip((house.ada, house.ben), sent):
            pool.submit(write, user, lines)
        lists = [reader.result() for reader in readers]
    for found in lists:
        positions = [int(one["cursor"]) for one in found]
        assert positions == sorted(set(positions))
        assert sorted(one["text"] for one in found if one["kind"] == "text") == goal
        assert [one["cursor"] for one in found] == [one["cursor"] for one in lists[0]]


def test_a_wait_ends_as_soon_as_something_comes(house):
    chat = house.chat("awaited")
    house.say(chat, "first")
    house.wait(chat, 1, kind="text")
    _, cursor = poll(house, chat, None, 500, wait=0)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(poll, house, chat, cursor, 10, 50)
        assert not concurrent.futures.wait([waiting], 0.5).done
        # What happens elsewhere does not end it.
        house.say(house.other, "elsewhere")
        assert not concurrent.futures.wait([waiting], 0.5).done
        began = time.monotonic()
        house.say(chat, "second")
        messages, cursor = waiting.result()
        assert time.monotonic() - began < 10, "it waited for something else"
    assert texts(messages) == ["second"]
    began = time.monotonic()
    assert poll(house, chat, cursor, 10, wait=1)[0] == []
    assert 0.9 < time.monotonic() - began < 15
    assert poll(house, chat, "now", 10, wait=0)[0] == []


@pytest.mark.parametrize("query", [
    "cursor=x", "cursor=-1", "cursor=9223372036854775808", "limit=0", "limit=501", "limit=x", "wait=51", "wait=-1",
    "source=x", "source=bot:"])
def test_what_no_poll_takes_is_named(house, query):
    house.gateway.api("GET", f"/messages/poll/{house.group}?{query}", status=422)


# History

def test_filters_of_the_history(house):
    chat = house.chat("filtered")
    house.say(chat, "one")
    house.say(chat, "two words", house.ben)
    house.say(chat, photo=base64.b64encode(scenario.png(21, 20)).decode(), caption="a picture of words")
    house.say(chat, document=base64.b64encode(b"some bytes").decode(), filename="a.txt", user=house.ben)
    everything = house.wait(chat, 4, kind="text,photo,document")
    only = lambda **query: [message["messageId"] for message in house.history(chat, **query)]  # noqa: E731
    ids = [message["messageId"] for message in everything if message["kind"] in ("text", "photo", "document")]
    assert ids == sorted(ids, key=int, reverse=True) and len(ids) == 4
    document, photo, two, one = ids
    assert set(only(senderId=house.ben)) == {document, two}
    assert only(kind="photo") == [photo]
    assert only(kind="photo,document") == [document, photo]
    assert only(kind="nonsense") == []
    assert only(text="words") == [photo, two]
    assert only(text="WORDS two") == [two]
    assert only(text="words", kind="photo", senderId=house.ada) == [photo]
    assert set(only(source=f"bot:{house.bot['id']}")) >= set(ids)
    assert only(source=f"bot:{house.second['id']}") == [] == only(source="bot:1")
    moment = everything[0]["sentAt"]
    assert only(since=moment)[0] == document and only(until=moment, since=moment) == []
    assert only(since="2000-01-01T00:00:00Z", until="2000-01-02T00:00:00Z") == []
    assert set(only(since="2000-01-01T00:00:00Z", until="2100-01-01T00:00:00Z")) >= set(ids)
    for query in ("since=yesterday", "until=1", "senderId=x", "text=", "text=%20", "text=" + "x" * 1025):
        house.gateway.api("GET", f"/messages/history/{chat}?{query}", status=422)


def test_pages_stay_as_they_are_while_messages_come(house):
    chat = house.chat("paged")
    old = [f"old {number}" for number in range(40)]
    for line in old:
        house.say(chat, line)
    house.wait(chat, 40, kind="text")
    stop = threading.Event()

    def go_on():
        number = 0
        while not stop.wait(0.02):
            house.say(chat, f"new {number}", house.ben)
            number += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for limit in (3, 7, 40):
            for path in (f"/messages/history/{chat}", f"/chats/{chat}/messages"):
                found = house.every_page(path, limit, kind="text")
                positions = [int(one["sequence"]) for one in found]
                assert positions == sorted(set(positions), reverse=True)
                assert [line for line in reversed(texts(found)) if line.startswith("old")] == old
    finally:
        stop.set()
        thread.join()


# Search

def test_a_search_takes_words_as_words(house):
    chat = house.chat("searched")
    for line in WORDS:
        house.say(chat, line)
    house.wait(chat, len(WORDS), kind="text")

    def search(words, **others):
        return texts(house.gateway.api("GET", "/messages/search", params={"q": words, "chatId": chat} | others)["messages"])

    assert search("apple") == ["an apple"]
    assert search("APPLES") == ["Apples AND oranges"] == search("apples AND") == search("AND oranges")
    assert search("größe") == ["über Größe"]
    assert search('"quoted"') == ['a "quoted" word'] == search('quoted"') == search('" quoted')
    assert search("NEAR") == ["NOT this NEAR that"] == search("NOT this")
    assert search("DROP TABLE") == ["semi;colon -- DROP TABLE"] == search("drop; -- table")
    assert search("smile \U0001f600") == ["smile \U0001f600 now"]
    assert search("brackets) [here") == ["(brackets) [here] {there}"]
    assert search("apple OR oranges") == [] == search("apple NOT this") == search("appl*")
    for odd in ("*", '"', "AND", "OR", "x*", "a^2", "NEAR(a b)", "text:apple", "{a b}: c", "-apple", "+a", "a\\", "'", "日本語",
                "\U0001f600 x", "%_", "(((", "a" * 1024, "&|!", "x & y", "x <-> y", ":*", "a\tb\nc", "\u202ex", "e\u0301"):
        answer = httpx.get(
            house.gateway.url("/api/v1/messages/search"), params={"q": odd},
            headers={"authorization": f"Bearer {house.gateway.admin_key}"}, timeout=30)
        assert answer.status_code in (200, 422), f"{odd!r}: {answer.text}"
    for wrong in ("", " ", "\U0001f600", "a" * 1025):
        house.gateway.api("GET", "/messages/search", params={"q": wrong}, status=422)


def test_a_search_goes_through_all_chats_page_by_page(house):
    word = "needle" + str(free_port())
    chats = [house.chat(f"haystack {number}") for number in range(3)]
    for number in range(15):
        house.say(chats[number % 3], f"{word} {number}")
    scenario.wait_for("all of them", lambda: len(house.gateway.api(
        "GET", "/messages/search", params={"q": word, "limit": 50})["messages"]) == 15)
    for limit in (1, 4, 15):
        assert sorted(texts(house.every_page("/messages/search", limit, q=word))) == sorted(
            f"{word} {number}" for number in range(15))
    assert len(house.every_page("/messages/search", 2, q=word, chatId=chats[0])) == 5


# What becomes of messages

def test_edits_and_deletions_are_seen(house):
    chat = house.chat("changing")
    message = house.say(chat, "before the edit")
    house.wait(chat, 1, kind="text")
    house.sim("edit", user=house.ada, chat=chat, message_id=message["message_id"], text="behind the edit")
    [found] = scenario.wait_for("the edit", lambda: house.history(chat, text="behind"))
    assert found["editedAt"] and found["text"] == "behind the edit"
    assert house.history(chat, text="before") == []
    kinds = [one["type"] for one in poll(house, chat, None, 500, wait=0)[0] if one["kind"] == "text"]
    assert kinds == ["message", "edited_message"]
    api = lambda **body: house.gateway.api("POST", f"/chats/{chat}/messages", body | {  # noqa: E731
        "botId": house.bot["id"], "wait": "sent"})["send"]
    sent = api(text="soon to go")
    assert sent["state"] == "SENT"
    [found] = scenario.wait_for("what was sent", lambda: house.history(chat, text="soon"))
    assert found["isOutgoing"] and found["senderId"] == str(house.bot["id"])
    assert api(method="editMessageText", params={"message_id": int(sent["messageId"]), "text": "going now"})["state"] == "SENT"
    scenario.wait_for("its edit", lambda: house.history(chat, text="going"))


def test_what_was_deleted_through_us_says_so(house):
    chat = house.chat("deleting")
    api = lambda **body: house.gateway.api("POST", f"/chats/{chat}/messages", body | {  # noqa: E731
        "botId": house.bot["id"], "wait": "sent"})["send"]
    sent = api(text="soon gone")
    scenario.wait_for("what was sent", lambda: house.history(chat, text="soon"))
    assert api(method="deleteMessage", params={"message_id": int(sent["messageId"])})["state"] == "SENT"
    scenario.wait_for("its end", lambda: [
        one for one in house.history(chat) if one["deletedAt"] and one["messageId"] == sent["messageId"]])


def test_an_album_is_kept_as_its_messages(house):
    chat = house.chat("albums")
    house.say(chat, "begin")
    house.wait(chat, 1, kind="text")
    pictures = [house.say(chat, photo=base64.b64encode(scenario.png(30 + n, 9)).decode()) for n in range(3)]
    # Files have a number of their own for each bot.
    known = house.wait(chat, 3, kind="photo")
    assert len(known) == len(pictures)
    media = [{"type": "photo", "media": one["message"]["photo"][-1]["file_id"], "caption": f"picture {n}"}
             for n, one in enumerate(known)]
    answer = house.gateway.api("POST", f"/chats/{chat}/messages", {
        "botId": house.bot["id"], "wait": "sent", "method": "sendMediaGroup", "params": {"media": media}})
    assert answer["send"]["state"] == "SENT"
    found = scenario.wait_for("the album", lambda: (
        album := [one for one in house.history(chat) if one["isOutgoing"]]) and len(album) == 3 and album)
    assert texts(found) == ["picture 2", "picture 1", "picture 0"], found[0]
    assert len({one["message"]["media_group_id"] for one in found}) == 1
    assert len({one["messageId"] for one in found}) == 3
    # An album has one place in the log, and yet no page loses a part of it.
    whole = [one["messageId"] for one in house.history(chat)]
    for limit in (1, 2, 5):
        assert [one["messageId"] for one in house.every_page(f"/messages/history/{chat}", limit)] == whole


# Files

@pytest.fixture(scope="module")
def document(house):
    """A file that came into the group, and into the other one."""
    content = hashlib.sha512(b"x").digest() * 4000
    messages = [house.say(chat, document=base64.b64encode(content + tail).decode(), filename="data.bin")
                for chat, tail in ((house.group, b"1"), (house.other, b"2"))]
    source = f"bot:{house.bot['id']}"
    found = [house.wait(chat, 1, kind="document", source=source)[0] for chat in (house.group, house.other)]
    return content + b"1", [one["message"]["document"]["file_id"] for one in found], [
        one["messageId"] for one in found], messages


def fetch(house, file, key=None, headers=None, **query):
    return httpx.get(
        house.gateway.url(f"/api/v1/files/{house.bot['id']}/{file}"), params=query, timeout=30,
        headers={"authorization": f"Bearer {key or house.gateway.admin_key}"} | (headers or {}))


def test_a_file_comes_whole_in_parts_and_only_once_from_telegram(house, document):
    content, (file, _), _, _ = document
    fetched = lambda: house.sim("statistics")["calls"].get("getfile", 0)  # noqa: E731
    before = fetched()
    answer = fetch(house, file)
    assert answer.status_code == 200 and answer.content == content
    tag = answer.headers["etag"]
    assert fetch(house, file, headers={"if-none-match": tag}).status_code == 304
    for value, begin, end in (("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=-7", len(content) - 7, len(content)),
                              (f"bytes={len(content) - 1}-", len(content) - 1, len(content)),
                              ("bytes=5-99999999", 5, len(content))):
        part = fetch(house, file, headers={"range": value})
        assert part.status_code == 206 and part.content == content[begin:end], value
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(content)}"
    beyond = fetch(house, file, headers={"range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{len(content)}"
    assert fetch(house, file, headers={"range": "bytes=0-5", "if-range": '"other"'}).content == content
    assert fetched() == before + 1
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "attachment" in answer.headers.get("content-disposition", "attachment")


def test_many_readers_of_a_new_file_fetch_it_once(house):
    content = hashlib.sha512(b"y").digest() * 8000
    message = house.say(house.group, document=base64.b64encode(content).decode(), filename="new.bin")
    number = str(message["message_id"])
    found = scenario.wait_for("the file", lambda: [
        one for one in house.history(house.group, kind="document", source=f"bot:{house.bot['id']}") if one["messageId"] == number])
    before = house.sim("statistics")["calls"].get("getfile", 0)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(
            lambda _: fetch(house, found[0]["message"]["document"]["file_id"]).content, range(12)))
    assert all(answer == content for answer in answers)
    assert house.sim("statistics")["calls"]["getfile"] == before + 1


def test_a_file_that_is_too_large_or_unknown_is_told_so(house):
    message = house.say(house.group, document=base64.b64encode(b"z" * (2 << 20) + b"z").decode(), filename="big")
    number = str(message["message_id"])
    found = scenario.wait_for("the file", lambda: [
        one for one in house.history(house.group, kind="document", source=f"bot:{house.bot['id']}") if one["messageId"] == number])
    for _ in range(2):
        answer = fetch(house, found[0]["message"]["document"]["file_id"])
        assert answer.status_code == 413 and answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"
    for wrong in ("nonsense", "..%2F..%2Fetc%2Fpasswd", "x" * 600, "%00", "."):
        assert fetch(house, wrong).status_code in (400, 404), wrong
    folder = pathlib.Path(house.gateway.environment["HELIOGRAPH_DATA"]) / "files"
    assert not [one for one in folder.iterdir() if one.stat().st_size > 2 << 20]


# Rights

def test_a_key_of_one_chat_sees_that_chat_alone(house, document):
    content, (file, strange), (number, strange_number), _ = document
    word = "secret" + str(free_port())
    for chat in (house.group, house.other):
        house.say(chat, f"{word} in {chat}")
        scenario.wait_for("it", lambda: house.history(chat, text=word))
    house.say(house.bot["id"], f"{word} in private")
    scenario.wait_for("it", lambda: house.history(house.ada, text=word))
    key = house.narrow_key(house.group)

    def get(path, **query):
        return httpx.get(house.gateway.url("/api/v1" + path), params=query, timeout=20,
                         headers={"authorization": f"Bearer {key}"})

    assert [chat["id"] for chat in get("/chats").json()["data"]["chats"]] == [str(house.group)]
    assert get(f"/chats/{house.group}").status_code == 200
    for path in (f"/chats/{house.group}/messages", f"/messages/history/{house.group}", f"/messages/poll/{house.group}"):
        assert get(path).json()["data"]["messages"], path
    for chat in (house.other, house.ada, house.ben, 1, -1):
        for path in ("/chats/{}", "/chats/{}/messages", "/messages/history/{}", "/messages/poll/{}"):
            answer = get(path.format(chat))
            assert answer.status_code in (403, 404), f"{path} {chat}: {answer.text}"
        found = get("/messages/search", q=word, chatId=chat)
        assert found.status_code in (403, 404) or found.json()["data"]["messages"] == []
    assert {one["chatId"] for one in get("/messages/search", q=word).json()["data"]["messages"]} == {str(house.group)}
    assert get("/messages/search", q=word, source=f"bot:{house.bot['id']}").json()["data"]["messages"]
    # Files: only with the message that holds them.
    mine = {"chatId": house.group, "messageId": number}
    assert fetch(house, file, key, **mine).content == content
    theirs = {"chatId": house.other, "messageId": strange_number}
    for name, query in ((file, {}), (strange, {}), (strange, mine), (strange, theirs), (file, theirs),
                        (file, {"chatId": house.group, "messageId": strange_number + "0"}), (file, {"chatId": house.group})):
        assert fetch(house, name, key, **query).status_code == 404, (name, query)

    def post(chat, **body):
        return httpx.post(
            house.gateway.url(f"/api/v1/chats/{chat}/messages"), json={"botId": house.bot["id"]} | body, timeout=30,
            headers={"authorization": f"Bearer {key}"})

    mine = post(house.group, text="allowed", wait="sent")
    assert mine.json()["data"]["send"]["state"] == "SENT"
    foreign = house.gateway.api(
        "POST", f"/chats/{house.other}/messages", {"text": "of somebody else", "botId": house.bot["id"], "wait": "sent"})
    for chat in (house.other, house.ada):
        assert post(chat, text="forbidden").status_code in (403, 404)
    for smuggled in ({"method": "sendMessage", "params": {"text": "x", "chat_id": house.other}},
                     {"method": "forwardMessage", "params": {"from_chat_id": house.other, "message_id": int(strange_number)}},
                     {"method": "copyMessage", "params": {"from_chat_id": house.other, "message_id": int(strange_number)}},
                     {"method": "sendMessage", "params": {
                         "text": "x", "reply_parameters": {"chat_id": house.other, "message_id": int(strange_number)}}}):
        answer = post(house.group, wait="sent", **smuggled)
        if answer.is_success:
            assert smuggled["params"].get("chat_id"), f"{smuggled}: {answer.text}"
            assert answer.json()["data"]["send"]["chatId"] == str(house.group)
    assert get(f"/sends/{foreign['send']['id']}").status_code == 404
    assert {one["chatId"] for one in get("/sends", limit=500).json()["data"]["sends"]} == {str(house.group)}
    on_the_endpoint(house, key, strange, strange_number, word)


def on_the_endpoint(house, key, strange, strange_number, word):
    """The same key as a program's."""
    sent = lambda: {send["chat_id"] for send in house.sim("sends", contains="smuggled", limit=10_000)}  # noqa: E731
    base = house.gateway.url(f"/bot{house.bot['id']}:{key}")
    call = lambda method, **body: httpx.post(f"{base}/{method}", json=body, timeout=30)  # noqa: E731
    assert call("getMe").json()["ok"]
    call("getUpdates", timeout=0)
    for chat in (house.group, house.other):
        house.say(chat, f"{word} again")
    updates = scenario.wait_for("an update", lambda: call("getUpdates", timeout=5).json()["result"])
    assert {update["message"]["chat"]["id"] for update in updates} == {house.group}
    assert call("sendMessage", chat_id=house.group, text="smuggled, but rightly").json()["ok"]
    for method, body in (
            ("sendMessage", {"chat_id": house.other, "text": "smuggled"}), ("getChat", {"chat_id": house.other}),
            ("sendMessage", {"chat_id": f"@nobody{house.other}", "text": "smuggled"}), ("sendMessage", {"text": "smuggled"}),
            ("getFile", {"file_id": strange}), ("leaveChat", {"chat_id": house.other}),
            ("forwardMessage", {"chat_id": house.group, "from_chat_id": house.other, "message_id": int(strange_number)}),
            ("sendMessage", {"chat_id": house.group, "text": "smuggled", "reply_parameters": {
                "chat_id": house.other, "message_id": int(strange_number)}}),
            ("setMyCommands", {"commands": []}), ("logOut", {}), ("deleteMyCommands", {})):
        answer = call(method, **body)
        assert answer.status_code in (400, 403, 404) and answer.json()["ok"] is False, f"{method} {body}: {answer.text}"
    # One place says the one chat, another one the other.
    twice = [
        {"params": {"chat_id": house.group}, "json": {"chat_id": house.other, "text": "smuggled"}},
        {"params": {"chat_id": house.other}, "json": {"chat_id": house.group, "text": "smuggled"}},
        {"params": {"chat_id": house.group}, "data": {"chat_id": house.other, "text": "smuggled"}},
        {"params": {"chat_id": house.group, "CHAT_ID": house.other, "text": "smuggled"}},
        {"params": [("chat_id", house.group), ("chat_id", house.other), ("text", "smuggled")]},
        {"params": [("chat_id", house.other), ("chat_id", house.group), ("text", "smuggled")]},
        {"files": {"chat_id": (None, str(house.group)), "text": (None, "smuggled")}, "params": {"chat_id": house.other}},
    ]
    for pair in ((house.group, house.other), (house.other, house.group)):
        raw = '{"chat_id":%d,"text":"smuggled","chat_id":%d}' % pair
        twice.append({"content": raw.encode(), "headers": {"content-type": "application/json"}})
        escaped = raw.replace('"chat_id"', '"\\u0063hat_id"', 1)
        twice.append({"content": escaped.encode(), "headers": {"content-type": "application/json"}})
        form = "chat_id=%d&text=smuggled&chat_id=%d" % pair
        twice.append({"content": form.encode(), "headers": {"content-type": "application/x-www-form-urlencoded"}})
    for one in twice:
        httpx.post(f"{base}/sendMessage", timeout=30, **one)
        assert sent() == {house.group}, one


# The log is the truth

def lists(house):
    """Everything that is read of chats and messages."""
    chats = house.gateway.api("GET", "/chats?limit=500")["chats"]
    found = {"chats": chats}
    for chat in chats:
        found[chat["id"]] = house.every_page(f"/messages/history/{chat['id']}", 200)
    found["apple"] = house.every_page("/messages/search", 100, q="apple")
    return found


def same(before, house):
    """What is read is as it was before, once the tables have been made of the log."""
    after = lists(house)
    deadline = time.monotonic() + 45
    while after != before and time.monotonic() < deadline:
        time.sleep(0.2)
        after = lists(house)
    assert before.keys() == after.keys()
    for name in before:
        assert before[name] == after[name], f"{name}: {json.dumps(before[name])[:600]} … {json.dumps(after[name])[:600]}"


@pytest.mark.timeout(300)
def test_what_is_rebuilt_and_what_is_restored_is_the_same(house, tmp_path):
    house.say(house.group, "an apple at the end")
    # Each bot hears of it by itself, and the tables follow the log.
    house.wait(house.group, 2, text="end")
    house.rest()
    before = lists(house)
    assert len(before) > 5 and before["apple"]
    assert house.gateway.stop() == 0
    assert "rebuilt" in house.gateway.command("rebuild")
    house.gateway.command("backup", str(tmp_path / "backup"))
    house.gateway.start()
    same(before, house)
    assert house.gateway.stop() == 0
    home = dict(house.gateway.environment)
    kind = "sqlite" if "DATABASE_URL" not in home else "postgres"
    with databases.fresh(kind, tmp_path) as url:
        house.gateway.environment["DATABASE_URL"] = url
        try:
            house.gateway.command("restore", str(tmp_path / "backup"))
            house.gateway.start()
            same(before, house)
            assert house.gateway.stop() == 0
        finally:
            house.gateway.environment = home
    house.gateway.start()
