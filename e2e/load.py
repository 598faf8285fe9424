"""People who write and programs that send, all at once, and what must hold of it afterwards."""

import collections
import json
import threading
import time

import httpx

from bots import scenario
from tail import read_log

FINAL = {"SENT", "FAILED", "UNCERTAIN", "CANCELLED"}


class Load:
    """Updates and sends for some bots until it is ended; it notes what was promised for each."""

    def __init__(self, gateway, sim, bots, people=12, pause=0.1):
        self.gateway, self.sim, self.bots, self.pause = gateway, sim, bots, pause
        self.people = people
        if isinstance(people, int):
            self.people = [sim("createUser", first_name=f"P{number}")["id"] for number in range(people)]
        self.is_quiet = threading.Event()
        self.said = set()
        self.ids = {}
        self.answers = {}
        self.problems = []
        self.done = threading.Event()
        self.threads = []
        self.speaking = 0
        self.lock = threading.Lock()
        for bot in bots:
            for person in self.people:
                self.say(person, bot, f"hello {person} {bot['id']}")

    def say(self, person, bot, text):
        self.sim("send", user=person, chat=bot["id"], text=text)
        self.said.add(text)

    def begin(self, tokens=(), senders=None):
        """Starts: a thread of updates and one of sends for each bot (or for `senders`), and one for each token."""
        gateway = self.gateway
        # Made here, not in a thread while the gateway is away.
        gateway.admin_key
        work = [(self.update, bot) for bot in self.bots] + [
            (self.send, bot) for bot in (self.bots if senders is None else senders)]
        work += [(self.call, token) for token in tokens]
        self.threads = [threading.Thread(target=self.run, args=one, daemon=True) for one in work]
        for thread in self.threads:
            thread.start()
        return self

    def run(self, deed, subject):
        with httpx.Client(trust_env=False, timeout=60) as client:
            for number in range(1_000_000):
                if self.done.wait(self.pause):
                    return
                try:
                    deed(client, subject, number)
                except Exception as error:
                    self.problems.append(f"{deed.__name__}: {error!r}")
                    return

    def update(self, _, bot, number):
        with self.lock:
            if self.is_quiet.is_set():
                return
            self.speaking += 1
        try:
            self.say(self.people[number % len(self.people)], bot, f"word {number} for {bot['id']}")
        except OSError:
            pass
        finally:
            with self.lock:
                self.speaking -= 1

    def send(self, client, bot, number):
        """One send, which is asked for until there is an answer to it."""
        marker = f"r{bot['id']}n{number}"
        body = {"text": f"send marker:{marker}", "botId": bot["id"]}
        fields = {"authorization": f"Bearer {self.gateway.admin_key}", "idempotency-key": marker}
        path = f"/api/v1/chats/{self.people[number % len(self.people)]}/messages"
        while True:
            try:
                answer = client.post(self.gateway.url(path), json=body, headers=fields)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500:
                assert answer.status_code == 202, answer.text
                self.ids[marker] = answer.json()["data"]["send"]["id"]
                return
            if self.done.wait(0.05):
                # Nobody knows, not even whether there is such a send.
                self.ids.setdefault(marker, None)
                return

    def call(self, client, token, number):
        """One call of a program, asked once: nobody can tell what became of it where no answer came."""
        marker = f"c{token.split(':')[0]}n{number}"
        body = {"chat_id": self.people[number % len(self.people)], "text": f"call marker:{marker}"}
        try:
            answer = client.post(self.gateway.url(f"/bot{token}/sendMessage"), json=body)
            self.answers[marker] = answer.json() if answer.content else {}
        except (httpx.HTTPError, json.JSONDecodeError):
            self.answers[marker] = {}

    def hush(self):
        """People are silent until `is_quiet` is cleared, and everything that they said has arrived."""
        with self.lock:
            self.is_quiet.set()
        scenario.wait_for("people to fall silent", lambda: not self.speaking)
        scenario.wait_for("all updates to go out", lambda: not any(
            one["pending_updates"] for one in self.sim("statistics")["bots"].values()))

    def end(self):
        self.done.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "the load does not end"
        assert not self.problems, self.problems

    # What must hold.

    def states(self, seconds=60):
        """The final state of each send, by marker."""
        waiting, states = {marker: number for marker, number in self.ids.items() if number}, {}

        def look():
            for marker, number in list(waiting.items()):
                send = self.gateway.api("GET", f"/sends/{number}")["send"]
                if send["state"] in FINAL:
                    states[marker] = send
                    del waiting[marker]
            return not waiting

        try:
            scenario.wait_for("the end of every send", look, seconds)
        except AssertionError:
            left = {marker: self.gateway.api("GET", f"/sends/{number}")["send"] for marker, number in waiting.items()}
            raise AssertionError(f"{len(waiting)} sends do not end: {list(left.values())[:3]}") from None
        return states

    def check_sends(self, seconds=60, since=None):
        """Each send is in one honest state, and the simulator has what was promised; returns how many of each state."""
        states = self.states(seconds)
        accepted = collections.Counter(
            send["marker"] for send in self.sim("sends", limit=100_000) if send.get("marker"))
        assert not [marker for marker, count in accepted.items() if count > 1], "something was sent twice"
        assert self.sim("doubles") == {}
        wrong = []
        for marker, send in states.items():
            if since and send["createdAt"] < since:
                continue
            promised = {"SENT": (1,), "FAILED": (0,), "CANCELLED": (0,), "UNCERTAIN": (0, 1)}[send["state"]]
            if accepted[marker] not in promised:
                wrong.append((accepted[marker], send))
        assert not wrong, wrong[:5]
        return collections.Counter(send["state"] for send in states.values())

    def check_calls(self):
        """What programs were told holds; returns how many of each answer."""
        accepted = {send.get("marker") for send in self.sim("sends", limit=100_000)}
        counts = collections.Counter()
        for marker, answer in self.answers.items():
            code = 200 if answer.get("ok") else answer.get("error_code", 0)
            counts[code] += 1
            if code == 200:
                assert marker in accepted, answer
            elif code in (429, 400, 403):
                assert marker not in accepted, answer
        return counts

    def check_updates(self, seconds=60):
        """Every update is in the log once; returns how many."""
        def texts():
            found = [
                event["payload"]["message"]["text"] for event in read_log(self.gateway)
                if event["type"] == "message" and event["payload"]]
            return found if self.said <= set(found) else None

        deadline = time.monotonic() + seconds
        while not (found := texts()):
            assert time.monotonic() < deadline, "updates are missing"
            time.sleep(0.2)
        doubled = [text for text, count in collections.Counter(found).items() if count > 1 and text in self.said]
        assert not doubled, doubled[:5]
        return len(found)

    def check_pace(self):
        """No limit was overrun."""
        statistics = self.sim("statistics")
        bots = {number: one for number, one in statistics["bots"].items() if one["beyond_limit"] or one["during_retry_after"]}
        assert not bots and statistics["overruns"] == 0, statistics
