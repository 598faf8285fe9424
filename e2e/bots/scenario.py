"""A person who uses one of the bots beside this file, and checks every answer.

The person acts through the control API of the simulator; where the bot's program connects to does not matter here.
"""

import base64
import hashlib
import json
import struct
import time
import urllib.error
import urllib.request
import zlib


class Refused(Exception):
    """The simulator says no."""


class Sim:
    """The control API of a simulator."""

    def __init__(self, base):
        self.base = base

    def __call__(self, action, **arguments):
        request = urllib.request.Request(
            f"{self.base}/sim/{action}", json.dumps(arguments).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["description"]) from None


def wait_for(what, found, seconds=45):
    """What `found` gives, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def png(width, height):
    """A picture that no two callers with other sizes share."""
    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Person:
    """Somebody in a private chat with a bot."""

    def __init__(self, sim, bot, name):
        self.sim = sim
        self.bot = bot
        self.id = sim("createUser", first_name=name)["id"]
        self.seen = 0

    def send(self, **content):
        message = self.sim("send", user=self.id, chat=self.bot, **content)
        self.seen = message["message_id"]
        return message

    def messages(self):
        return self.sim("messages", **{"as": self.id}, chat=self.bot)

    def answer(self, seconds=45):
        """The next message of the bot that was not looked at yet."""
        def found():
            later = [
                message for message in self.messages()
                if message["message_id"] > self.seen and message["from"]["is_bot"]]
            return later[0] if later else None
        message = wait_for("an answer of the bot", found, seconds)
        self.seen = message["message_id"]
        return message

    def expect(self, text):
        message = self.answer()
        assert message.get("text") == text, f"{message.get('text')!r} instead of {text!r}"
        return message


def commands(person):
    person.send(text="/start")
    message = person.expect(f"Welcome, {person.sim('messages', **{'as': person.id}, chat=person.bot)[0]['from']['first_name']}!")
    assert message["entities"][0] == {"offset": 0, "length": 7, "type": "bold"}
    sent = person.send(text="good morning, ä€😀")
    message = person.expect("echo: good morning, ä€😀")
    assert message["reply_to_message"]["message_id"] == sent["message_id"]


def keyboard(person):
    person.send(text="/menu")
    message = person.expect("Which colour?")
    assert [row[0]["text"] for row in message["reply_markup"]["inline_keyboard"]] == ["Red", "Blue"]
    query = person.sim("press", user=person.id, chat=person.bot, message_id=message["message_id"], text="Blue")
    answer = wait_for("an answer to the button", lambda: person.sim("answer", query_id=query["query_id"]))
    assert answer["text"] == "You chose blue"

    def changed():
        [now] = [other for other in person.messages() if other["message_id"] == message["message_id"]]
        return now if now["text"] == "Chosen: blue" else None

    now = wait_for("the message to be edited", changed)
    assert "edit_date" in now and "reply_markup" not in now


def photo(person):
    picture = png(150, 100)
    person.send(photo=base64.b64encode(picture).decode(), filename="a.png", caption="look")
    person.expect(f"photo {len(picture)} {hashlib.sha256(picture).hexdigest()}")
    message = person.answer()
    assert message["caption"] == "here it is"
    assert (message["photo"][-1]["width"], message["photo"][-1]["height"]) == (150, 100)
    stored = person.sim("download", **{"as": person.id}, file_id=message["photo"][-1]["file_id"])
    assert base64.b64decode(stored["base64"]) == picture


def edit_and_delete(person):
    sent = person.send(text="teh word")
    person.expect("echo: teh word")
    person.sim("edit", user=person.id, chat=person.bot, message_id=sent["message_id"], text="the word")
    person.expect("edited: the word")
    person.send(text="/delete")

    # What is deleted may be seen for a moment.
    def last():
        message = person.messages()[-1]
        return message if message.get("text") == "deleted" else None

    message = wait_for("the word that something was deleted", last)
    assert not [other for other in person.messages() if other.get("text") == "soon gone"]
    person.seen = message["message_id"]


def album(person):
    person.send(text="/album")
    first, second = person.answer(), person.answer()
    assert [first["caption"], second["caption"]] == ["one", "two"]
    assert first["media_group_id"] == second["media_group_id"]


def conversation(person):
    person.send(text="/register")
    person.expect("What is your name?")
    person.send(text="Noor")
    person.expect("How old are you, Noor?")
    person.send(text="old")
    person.expect("A number, please.")
    person.send(text="42")
    person.expect("Noor is 42")
    person.send(text="done")
    person.expect("echo: done")


def play(sim, bot, name="Ada"):
    """Everything one after the other, by one new person; `bot` is the bot's username or number."""
    person = Person(sim, bot, name)
    for part in (commands, keyboard, photo, edit_and_delete, album, conversation):
        part(person)
    return person
