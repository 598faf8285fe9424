"""Everything that can be sent, changed and answered by REST, as it arrives in the simulator."""

import base64
import json
import os
import subprocess

import httpx
import pytest

from bots import scenario
from server import BINARY
from simulated import Gateway, SimProcess

PICTURE = scenario.png(9, 7)
ODD = [None, True, -1, 2**63, 1.5, "", "\0", "x" * 5000, [], [[]], [None], {}, {"a": 1}, ["a"] * 2000]


class House:
    """A gateway with a bot in two groups, and people in them."""

    def __init__(self, folder):
        self.sim = SimProcess(folder).start()
        self.gateway = Gateway(folder, self.sim).start()
        self.bot = self.sim("createBot", username="rest_bot")
        self.gateway.register(self.bot, mode="polling")
        self.ada, self.ben = [self.sim("createUser", first_name=name)["id"] for name in ("Ada", "Ben")]
        self.chat, self.other = [
            self.sim("createChat", type="supergroup", title=title, creator=self.ada,
                members=[self.bot["id"], self.ben])["id"] for title in ("Ours", "Theirs")]
        for chat in (self.chat, self.other):
            self.sim("setStatus", member=self.bot["id"], chat=chat, status="administrator")

    def send(self, body, chat=None, path="/chats/{}/messages", **others):
        """The message that Telegram made of it."""
        body = {"botId": self.bot["id"], "wait": "sent", "waitSeconds": 20} | body
        data = self.gateway.api("POST", path.format(chat or self.chat), body, **others)
        assert data["send"]["state"] == "SENT", data
        return data["result"]

    def change(self, method, path, body=None, chat=None, **query):
        terms = {"botId": self.bot["id"], "wait": "sent", "waitSeconds": 20}
        chat = chat or self.chat
        if body is None:
            data = self.gateway.api(method, f"/chats/{chat}{path}", params=terms | query)
        else:
            data = self.gateway.api(method, f"/chats/{chat}{path}", terms | body)
        assert data["send"]["state"] == "SENT", data
        return data["result"]

    def seen(self, message, chat=None):
        """A message as Ada sees it; nothing where it is gone."""
        messages = self.sim("messages", **{"as": self.ada}, chat=chat or self.chat, limit=1000)
        return next((one for one in messages if one["message_id"] == message["message_id"]), None)

    def file(self, message, kind):
        shown = self.seen(message)[kind]
        shown = shown[-1] if isinstance(shown, list) else shown
        return base64.b64decode(self.sim("download", **{"as": self.ada}, file_id=shown["file_id"])["base64"])

    def raw(self, method, path, key=None, **others):
        return httpx.request(
            method, self.gateway.url("/api/v1" + path), timeout=60,
            headers={"authorization": f"Bearer {key or self.gateway.admin_key}"} | others.pop("headers", {}), **others)

    def narrow_key(self, *grants, scopes=("chats.read", "chats.send")):
        made = self.gateway.api(
            "POST", "/apikeys", {"name": "narrow", "inheritsChats": False, "scopes": list(scopes)},
            key=self.gateway.session)
        for chat, rights in grants:
            self.gateway.api("PUT", "/grants", {
                "subject": f"key:{made['apiKey']['id']}", "target": f"chat:{chat}"} | rights)
        return made["key"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("rest"))
    try:
        yield house
        assert house.gateway.is_running, house.gateway.log_tail()
        assert house.gateway.stop() == 0, house.gateway.log_tail()
    finally:
        house.gateway.kill()
        house.sim.kill()


@pytest.mark.parametrize("path", ["/chats/{}/messages", "/messages/send/{}"])
def test_a_text_arrives_with_all_that_belongs_to_it(house, path):
    first = house.send({"text": "first"})
    sent = house.send({
        "text": "<b>bold</b>", "parseMode": "HTML", "reply_to_message_id": first["message_id"],
        "replyMarkup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}}, path=path)
    seen = house.seen(sent)
    assert seen["text"] == "bold" and seen["entities"][0]["type"] == "bold"
    assert seen["reply_to_message"]["message_id"] == first["message_id"]
    assert seen["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "go"


@pytest.mark.parametrize("kind", ["photo", "document", "video", "audio", "animation", "voice", "videoNote", "sticker"])
def test_a_file_of_each_kind_arrives_byte_for_byte_and_can_be_sent_again_by_its_id(house, kind):
    content = PICTURE if kind in ("photo", "sticker") else os.urandom(70_000) + b"\r\n--\r\n"
    fields = {"botId": house.bot["id"], "wait": "sent", "caption": "ü \" \r\n--x"}
    if kind in ("videoNote", "sticker"):
        del fields["caption"]
    answer = house.raw(
        "POST", f"/chats/{house.chat}/messages", data=fields, files={kind: ("a \"b\" ü.bin", content)})
    assert answer.status_code == 200, answer.text
    name = "video_note" if kind == "videoNote" else kind
    message = answer.json()["data"]["result"]
    assert house.file(message, name) == content
    assert message.get("caption") == fields.get("caption")
    shown = message[name][-1] if kind == "photo" else message[name]
    again = house.send({kind: shown["file_id"]})
    assert house.file(again, name) == content


def test_a_file_comes_back_by_the_gateway_too(house):
    content = os.urandom(100_000)
    answer = house.raw(
        "POST", f"/messages/send/{house.chat}", data={"botId": house.bot["id"], "wait": "sent"},
        files={"file": ("a.bin", content, "application/pdf")})
    document = answer.json()["data"]["result"]["document"]
    assert document["file_name"] == "a.bin" and document["mime_type"] == "application/pdf"
    back = house.raw("GET", f"/files/{house.bot['id']}/{document['file_id']}")
    assert back.status_code == 200 and back.content == content


def test_a_part_named_file_is_what_its_type_says(house):
    answer = house.raw(
        "POST", f"/chats/{house.chat}/messages", data={"bot_id": house.bot["id"], "wait": "sent", "type": "photo"},
        files={"file": ("a.png", PICTURE)})
    assert answer.json()["data"]["result"]["photo"], answer.text


def test_the_same_upload_under_one_key_is_one_message(house):
    def upload(content):
        return house.raw(
            "POST", f"/chats/{house.chat}/messages", data={"botId": house.bot["id"], "wait": "sent"},
            files={"document": ("a", content)}, headers={"idempotency-key": "upload-1"})
    one, again, other = upload(b"one"), upload(b"one"), upload(b"other")
    assert one.json()["data"]["send"]["id"] == again.json()["data"]["send"]["id"]
    assert other.status_code == 409


def test_a_group_of_files_arrives_as_one(house):
    first = house.send({"photo": "https://files.example/a.png"})["photo"][-1]["file_id"]
    group = [
        {"type": "photo", "media": first, "caption": "<i>one</i>", "parseMode": "HTML"},
        {"type": "photo", "media": "attach://two"}]
    answer = house.raw(
        "POST", f"/chats/{house.chat}/messages",
        data={"botId": house.bot["id"], "wait": "sent", "mediaGroup": json.dumps(group)},
        files={"two": ("two.png", PICTURE)})
    assert answer.status_code == 200, answer.text
    messages = answer.json()["data"]["result"]
    assert len(messages) == 2 and messages[0]["media_group_id"] == messages[1]["media_group_id"]
    assert messages[0]["caption"] == "one" and messages[0]["caption_entities"][0]["type"] == "italic"
    assert house.file(messages[1], "photo") == PICTURE
    group[1]["media"] = first
    assert len(house.send({"media_group": group})) == 2


def test_a_place_a_person_and_a_question_arrive(house):
    seen = house.seen(house.send({"location": {"latitude": 52.5, "longitude": 13.25}}))
    assert seen["location"]["latitude"] == 52.5 and seen["location"]["longitude"] == 13.25
    seen = house.seen(house.send({"contact": {"phoneNumber": "+4930", "firstName": "Ada", "last_name": "L"}}))
    assert seen["contact"]["phone_number"] == "+4930" and seen["contact"]["last_name"] == "L"
    seen = house.seen(house.send({"poll": {"question": "Tea?", "options": ["yes", "no"], "isAnonymous": False}}))
    assert [option["text"] for option in seen["poll"]["options"]] == ["yes", "no"]
    assert not seen["poll"]["is_anonymous"]
    quiz = house.send({"poll": {"question": "1+1?", "options": ["1", "2"], "correctOptionId": 1}})
    assert quiz["poll"]["type"] == "quiz" and quiz["poll"]["correct_option_id"] == 1


def test_messages_of_another_chat_are_forwarded_and_copied(house):
    one, two = house.send({"text": "one"}, house.other), house.send({"photo": "https://files.example/b.png"}, house.other)
    ids = [one["message_id"], two["message_id"]]
    forwarded = house.send({"forward": {"fromChatId": house.other, "messageIds": ids[:1]}})
    assert forwarded["text"] == "one" and "forward_origin" in forwarded
    both = house.send({"forward": {"from_chat_id": str(house.other), "message_ids": ids}})
    assert [house.seen(message).get("forward_origin") is not None for message in both] == [True, True]
    copied = house.send({"copy": {"fromChatId": house.other, "messageIds": ids[1:], "caption": "mine"}})
    seen = house.seen(copied)
    assert seen["caption"] == "mine" and "forward_origin" not in seen
    assert len(house.send({"copy": {"fromChatId": house.other, "messageIds": ids}})) == 2


def test_what_a_batch_holds_may_be_of_any_kind(house):
    sends = [
        {"text": "x"}, {"location": {"latitude": 1, "longitude": 2}}, {"poll": {"question": "?", "options": ["a"]}},
        {"mediaGroup": [{"type": "photo", "media": "https://a.example/1"}, {"type": "photo", "media": "https://a.example/2"}]}]
    answer = house.gateway.api(
        "POST", "/sends/batch", {"sends": [{"chatId": house.chat, "botId": house.bot["id"]} | one for one in sends]})
    assert ["send" in one for one in answer["sends"]] == [True, True, False, True]
    assert answer["sends"][2]["error"]["message"].startswith("poll.options")
    for one in answer["sends"]:
        if "send" in one:
            scenario.wait_for("the batch", lambda: house.gateway.api(
                "GET", f"/sends/{one['send']['id']}")["send"]["state"] == "SENT")


# What is there and changes.


def test_a_message_gets_another_text_caption_and_keyboard(house):
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    message = house.send({"text": "before"})
    path = f"/messages/{message['message_id']}"
    house.change("PATCH", path, {"text": "*after*", "parse_mode": "Markdown", "replyMarkup": keyboard})
    seen = house.seen(message)
    assert seen["text"] == "after" and seen["reply_markup"] == keyboard
    house.change("PATCH", path, {"replyMarkup": None})
    assert not house.seen(message).get("reply_markup")
    photo = house.send({"photo": "https://files.example/c.png", "caption": "before"})
    house.change("PATCH", f"/messages/{photo['message_id']}", {"caption": "after"})
    assert house.seen(photo)["caption"] == "after"


def test_messages_are_deleted(house):
    one, two, three = [house.send({"text": text}) for text in ("one", "two", "three")]
    assert house.change("DELETE", f"/messages/{one['message_id']}") is True
    assert house.seen(one) is None
    house.change("POST", "/messages/delete", {"messageIds": [two["message_id"], str(three["message_id"])]})
    assert house.seen(two) is None and house.seen(three) is None


def test_a_reaction_comes_and_goes(house):
    message = house.sim("send", user=house.ada, chat=house.chat, text="react to me")
    path = f"/messages/{message['message_id']}/reaction"
    bot = str(house.bot["id"])
    house.change("PUT", path, {"emoji": "👍", "isBig": True})
    assert "👍" in json.dumps(house.seen(message)["reactions"], ensure_ascii=False), bot
    house.change("PUT", path, {"reaction": [{"type": "emoji", "emoji": "🔥"}]})
    assert "🔥" in json.dumps(house.seen(message)["reactions"], ensure_ascii=False)
    house.change("DELETE", path)
    assert not house.seen(message).get("reactions")


def test_a_message_is_pinned_and_unpinned(house):
    message = house.send({"text": "pin me"})
    house.change("PUT", f"/messages/{message['message_id']}/pin", disableNotification="true")
    assert house.seen(message)["pinned"]
    house.change("DELETE", f"/messages/{message['message_id']}/pin")
    assert not house.seen(message).get("pinned")


def test_a_change_keeps_its_key_and_its_place(house):
    message = house.send({"text": "0"})
    path = f"/chats/{house.chat}/messages/{message['message_id']}"
    ids = [
        house.gateway.api("PATCH", path, {"botId": house.bot["id"], "text": f"{number}"},
            headers={"idempotency-key": f"edit-{number}"})["send"]["id"] for number in (1, 2, 3, 3)]
    assert len(set(ids)) == 3
    scenario.wait_for("the last edit", lambda: house.seen(message)["text"] == "3")
    later = house.gateway.api(
        "DELETE", path, params={"botId": house.bot["id"], "sendAt": "2099-01-01T00:00:00Z"})["send"]
    assert later["state"] == "PENDING"
    assert house.gateway.api("POST", f"/sends/{later['id']}/cancel")["send"]["state"] == "CANCELLED"
    assert house.seen(message)


def test_a_change_of_what_is_not_there_fails_in_telegrams_words(house):
    answer = house.raw(
        "PATCH", f"/chats/{house.chat}/messages/999999",
        json={"botId": house.bot["id"], "text": "x", "wait": "sent"}).json()
    assert answer["data"]["send"]["state"] == "FAILED"
    assert "message to edit not found" in answer["data"]["send"]["error"]["message"]


# What is answered at once.


def test_a_chat_action_is_shown(house):
    house.gateway.api("POST", f"/chats/{house.chat}/actions", {"botId": house.bot["id"], "action": "typing"})
    refused = house.raw("POST", "/chats/-1009999999999/actions", json={"botId": house.bot["id"], "action": "typing"})
    assert refused.status_code == 422 and "chat not found" in refused.text


def test_whoever_presses_a_button_is_answered(house):
    message = house.send({
        "text": "press", "replyMarkup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}})
    query = house.sim(
        "press", user=house.ben, chat=house.chat, message_id=message["message_id"], data="go")["query_id"]
    house.gateway.api(
        "POST", f"/bots/{house.bot['id']}/callbacks/{query}/answer", {"text": "well done", "showAlert": True})
    answer = house.sim("answer", query_id=query)
    assert answer["text"] == "well done" and answer["show_alert"] is True
    refused = house.raw("POST", f"/bots/{house.bot['id']}/callbacks/x/answer", json={})
    assert refused.status_code == 422 and "query" in refused.json()["error"]["message"]


def test_whoever_asks_inline_is_answered(house):
    query = house.sim("ask", user=house.ben, bot=house.bot["id"], query="tea")["query_id"]
    result = {"type": "article", "id": "1", "title": "Tea", "input_message_content": {"message_text": "tea"}}
    house.gateway.api(
        "POST", f"/bots/{house.bot['id']}/inline-queries/{query}/answer",
        {"results": [result], "cacheTime": 5, "nextOffset": "1"})
    answer = house.sim("answer", query_id=query)
    assert answer["results"] == [result] and str(answer["cache_time"]) == "5"


def test_the_commands_of_a_bot_are_set_and_seen(house):
    path = f"/bots/{house.bot['id']}/commands"
    commands = [{"command": "start", "description": "Begins"}, {"command": "stop", "description": "Ends"}]
    house.gateway.api("PUT", path, {"commands": commands})
    assert house.gateway.api("GET", path)["commands"] == commands
    scope = {"type": "all_private_chats"}
    house.gateway.api("PUT", path, {"commands": commands[:1], "scope": scope, "languageCode": "de"})
    found = house.gateway.api("GET", path, params={"scope": json.dumps(scope), "languageCode": "de"})
    assert found["commands"] == commands[:1]
    assert house.gateway.api("GET", path)["commands"] == commands


# Who may.


def test_nothing_is_taken_from_a_chat_that_a_key_may_not_read(house):
    source = house.send({"text": "secret"}, house.other)["message_id"]
    send, read = {"canRead": False, "canSend": True}, {"canRead": True, "canSend": True}
    blind = house.narrow_key((house.chat, read), (house.other, send))
    seeing = house.narrow_key((house.chat, read), (house.other, {"canRead": True, "canSend": False}))
    sender = house.narrow_key((house.chat, read), (house.other, read), scopes=["chats.send"])
    bodies = [
        {kind: {"fromChatId": house.other, "messageIds": [source]}} for kind in ("forward", "copy")] + [
        {"text": "x", "replyParameters": {"chat_id": house.other, "message_id": source}}]
    for body in bodies:
        body |= {"botId": house.bot["id"]}
        for key in (blind, sender):
            assert house.raw("POST", f"/chats/{house.chat}/messages", json=body, key=key).status_code == 403
            batch = house.raw(
                "POST", "/sends/batch", json={"sends": [body | {"chatId": house.chat}]}, key=key).json()
            assert "error" in batch["data"]["sends"][0]
        assert house.raw("POST", f"/chats/{house.chat}/messages", json=body, key=seeing).status_code == 202
    form = {"botId": house.bot["id"], "replyParameters": json.dumps(bodies[2]["replyParameters"])}
    for key, status in ((blind, 403), (sender, 403), (seeing, 202)):
        answer = house.raw(
            "POST", f"/chats/{house.chat}/messages", data=form, files={"document": ("a", b"a")}, key=key)
        assert answer.status_code == status, answer.text


def test_who_may_not_send_to_a_chat_changes_nothing_in_it(house):
    message = house.send({"text": "stays"})
    key = house.narrow_key((house.chat, {"canRead": True, "canSend": False}))
    path, bot = f"/chats/{house.chat}/messages/{message['message_id']}", house.bot["id"]
    for method, path, body in [
            ("PATCH", path, {"text": "x"}), ("DELETE", path, None), ("PUT", path + "/reaction", {"emoji": "👍"}),
            ("DELETE", path + "/reaction", None), ("PUT", path + "/pin", None), ("DELETE", path + "/pin", None),
            ("POST", f"/chats/{house.chat}/messages/delete", {"messageIds": [message["message_id"]]}),
            ("POST", f"/chats/{house.chat}/actions", {"action": "typing"})]:
        named = {"json": body | {"botId": bot}} if body else {"params": {"botId": bot}}
        answer = house.raw(method, path, key=key, **named)
        assert answer.status_code == 403, f"{method} {path}: {answer.text}"
        unnamed = house.raw(method, path, key=key, **({"json": body} if body else {}))
        assert unnamed.status_code in (403, 422), unnamed.text
    assert house.seen(message)["text"] == "stays"


def test_who_reaches_nothing_of_a_bot_answers_nobody(house):
    nobody = house.narrow_key()
    one_chat = house.narrow_key((house.chat, {"canRead": True, "canSend": True}))
    callbacks = f"/bots/{house.bot['id']}/callbacks/1/answer"
    inline = f"/bots/{house.bot['id']}/inline-queries/1/answer"
    assert house.raw("POST", callbacks, json={}, key=nobody).status_code == 404
    assert house.raw("POST", callbacks, json={}, key=one_chat).status_code == 200
    assert house.raw("POST", inline, json={"results": []}, key=one_chat).status_code == 404


# What is no request.

CONTENTS = {
    "mediaGroup": [{"type": "photo", "media": "a", "caption": "c"}, {"type": "photo", "media": "b"}],
    "location": {"latitude": 1, "longitude": 2, "horizontalAccuracy": 1, "livePeriod": 60},
    "contact": {"phoneNumber": "1", "firstName": "a", "lastName": "b", "vcard": "v"},
    "poll": {"question": "?", "options": ["a", "b"], "isAnonymous": True, "allowsMultipleAnswers": True,
             "correctOptionId": 0, "explanation": "e", "openPeriod": 60},
    "forward": {"fromChatId": 6, "messageIds": [1]}, "copy": {"fromChatId": 6, "messageIds": [1], "caption": "c"}}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_content_that_is_odd_is_refused_and_never_breaks_anything(house, kind):
    def odd(value):
        answer = house.raw(
            "POST", f"/chats/{house.chat}/messages",
            content=json.dumps({"botId": 4242, kind: value}).encode(), headers={"content-type": "application/json"})
        # There is no such bot: whatever is taken for good is refused by that.
        assert answer.status_code in (404, 422), answer.text
        assert len(answer.text) < 1000
        return answer

    good = CONTENTS[kind]
    assert odd(good).status_code == 404
    for value in ODD:
        if value is not None:
            assert odd(value).status_code == 422, value
        owner = good[0] if isinstance(good, list) else good
        for field in owner:
            broken = owner | {field: value}
            answer = odd([broken, good[1]] if isinstance(good, list) else broken)
            if isinstance(value, dict) and value:
                assert answer.status_code == 422 and field in answer.json()["error"]["details"]["field"], answer.text


@pytest.mark.parametrize("body, kind", [
    (b"", "multipart/form-data; boundary=x"), (b"--x", "multipart/form-data; boundary=x"), (b"", "multipart/form-data"),
    (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\n\xff\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\na\r\n"
     b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\nb\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=photo; filename=a\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=other; filename=a\r\n\r\na\r\n--x--", "multipart/form-data; boundary=x"),
    (b"".join(b"--x\r\nContent-Disposition: form-data; name=n%d\r\n\r\n\r\n" % n for n in range(100)) + b"--x--",
     "multipart/form-data; boundary=x")])
def test_a_form_that_is_odd_is_refused(house, body, kind):
    answer = house.raw(
        "POST", f"/chats/{house.chat}/messages", content=body, headers={"content-type": kind})
    assert answer.status_code == 422, answer.text


def test_a_file_that_is_too_large_is_refused(house):
    answer = house.raw(
        "POST", f"/chats/{house.chat}/messages", data={"botId": house.bot["id"]},
        files={"document": ("a", b"a" * (53 << 20))})
    assert answer.status_code == 413


# The command line.


def test_a_file_is_sent_by_the_command_line(house, tmp_path):
    (tmp_path / "a picture.png").write_bytes(PICTURE)

    def send(*arguments):
        return subprocess.run(
            [BINARY, "send", *map(str, arguments)], env=house.gateway.environment, cwd=house.gateway.folder,
            capture_output=True, text=True, timeout=60)

    for option, kind in (("--photo", "photo"), ("--document", "document")):
        done = send(f"--bot=rest_bot", option, tmp_path / "a picture.png", "--caption", "from afar", house.chat)
        assert done.returncode == 0, done.stderr
        message = {"message_id": int(json.loads(done.stdout)["send"]["messageId"])}
        assert house.file(message, kind) == PICTURE
        assert house.seen(message)["caption"] == "from afar"
    assert send("--photo", tmp_path / "absent", house.chat).returncode == 64
    assert send("--photo", tmp_path / "a picture.png", house.chat, "a text").returncode == 64
    assert send(house.chat).returncode == 64
