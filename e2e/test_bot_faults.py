"""Telegram at its worst, while updates and sends go on.

Nothing is lost, no limit overrun, what is wrong can be seen while it is, and all is well again by itself.
"""

import json
import re
import time

import httpx
import pytest

from bots import scenario
from load import Load
from proxy import Proxy
from simulated import Gateway, SimProcess

# A busy machine takes its time until all is well again.
pytestmark = pytest.mark.timeout(300)

QUICK = {"HELIOGRAPH_TELEGRAM_POLL_TIMEOUT": "5s", "HELIOGRAPH_TELEGRAM_WEBHOOK_CHECK": "1s"}


class House:
    """A simulator, and a gateway that reaches it through a proxy."""

    def __init__(self, folder, *arguments, **settings):
        self.sim = SimProcess(folder, *arguments).start(enforced=True)
        self.proxy = Proxy(self.sim.port)
        self.gateway = Gateway(
            folder, self.sim, paced=True, HELIOGRAPH_PUBLIC_URL="self", **(QUICK | settings))
        self.gateway.environment["TELEGRAM_API_URL"] = f"http://127.0.0.1:{self.proxy.port}"
        self.gateway.start()

    def bot(self, name, mode="polling"):
        bot = self.sim("createBot", username=name)
        self.gateway.register(bot, mode=mode)
        return bot

    def state(self, bot):
        return self.gateway.api("GET", f"/bots/{bot['id']}")["bot"]

    def health(self):
        return httpx.get(self.gateway.url("/health"), timeout=20).json()["data"]

    def trouble(self, name="bots"):
        """What health says of a part, if that is not well."""
        [part] = [part for part in self.health()["parts"] if part["name"] == name]
        return None if part["status"] == "ok" else part["reason"]

    def wait_for_trouble(self, words, name="bots"):
        """Health names a trouble; what it knows of bots follows the database."""
        scenario.wait_for(f"health to say {words!r}", lambda: words in (self.trouble(name) or ""))

    def wait_until_well(self, seconds=90):
        """A bot that could not be reached for long is tried again after half a minute at last."""
        scenario.wait_for("good health", lambda: self.health()["status"] == "ok", seconds)

    def budget(self, bot):
        return self.gateway.api("GET", f"/bots/{bot['id']}/budget")["budget"]

    def calls(self, method):
        """How many calls of Telegram there were, and how many seconds they took in all."""
        text = httpx.get(self.gateway.url("/metrics"), timeout=20).text
        return [
            float(found[1]) if (found := re.search(
                rf'^botapi_request_seconds_{what}{{method="{method}"}} (\S+)$', text, re.M)) else 0
            for what in ("count", "sum")]

    def stop(self):
        try:
            assert self.gateway.is_running and self.gateway.stop() == 0, self.gateway.log_tail()
        finally:
            self.close()

    def close(self):
        self.gateway.kill()
        self.proxy.close()
        self.sim.kill()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.stop()


@pytest.fixture
def load(house):
    """Traffic of two bots, one of each mode, with programs on both."""
    bots = [house.bot("polled_bot"), house.bot("hooked_bot", "webhook")]
    load = Load(house.gateway, house.sim, bots)
    try:
        yield load.begin([house.gateway.token(bot) for bot in bots])
    finally:
        load.done.set()


def settle(house, load, seconds=60):
    """Ends the traffic, and sees that all of it came to a good end; returns how the sends ended."""
    scenario.wait_for("enough traffic", lambda: len(load.ids) > 60 and len(load.said) > 80)
    load.end()
    house.wait_until_well()
    states = load.check_sends(seconds)
    calls = load.check_calls()
    updates = load.check_updates()
    load.check_pace()
    print(f"sends {dict(states)}, calls {dict(calls)}, updates {updates}")
    assert states["SENT"] > 20 and updates > 50
    return states


def test_telegram_is_slow(house, load):
    began = time.monotonic()
    count, seconds = house.calls("sendMessage")
    house.sim("fault", kind="slow", milliseconds=1500, percent=60, for_ms=60_000)

    def is_shown():
        """By the metrics alone: nothing is wrong with a call that only takes its time."""
        more, longer = house.calls("sendMessage")
        return more > count + 20 and (longer - seconds) / (more - count) > 0.5

    scenario.wait_for("calls to be slow", is_shown)
    time.sleep(max(0, began + 5 - time.monotonic()))
    house.sim("clearFaults")
    states = settle(house, load)
    assert set(states) == {"SENT"}


def pauses(house, load, seconds, retry_after):
    """Every send is asked to wait for so long; what it says meanwhile, and how soon it goes on afterwards."""
    house.sim("fault", kind="429", retry_after=retry_after, method="send*", for_ms=seconds * 1000)
    end = time.monotonic() + seconds
    looks, shown, waiting, reasons = 0, {bot["id"]: 0 for bot in load.bots}, 0, set()
    while time.monotonic() < end:
        looks += 1
        for bot in load.bots:
            budget = house.budget(bot)
            silent = budget["silentForSeconds"]
            assert silent is None or 0 < silent <= retry_after, budget
            shown[bot["id"]] += silent is not None
            waiting = max(waiting, budget["waiting"])
        reasons.add(house.trouble("sending") or house.trouble())
        time.sleep(0.25)
    accepted = lambda: {  # noqa: E731
        number: one["accepted"] for number, one in house.sim("statistics")["bots"].items()}
    before = accepted()
    scenario.wait_for("all bots to send again", lambda: all(
        accepted()[number] > count for number, count in before.items()))
    took = time.monotonic() - end
    hits = house.sim("faults")[0]["hits"]
    print(f"{seconds} s of 429: {hits} hits, silence in {shown} of {looks} looks, at most {waiting} waited in turn, "
          f"health said {reasons}, all sent again after {took:.1f} s")
    # It is silent nearly all the time: but for the moment in which each pause ends.
    assert looks and all(count > looks / 2 for count in shown.values()), (shown, looks)
    assert waiting > 0
    assert any("Telegram wants a pause" in (reason or "") for reason in reasons), reasons
    assert hits >= len(load.bots) * (seconds // (2 * retry_after)), hits
    assert took < retry_after + 10, "it takes long to recover"


def test_telegram_asks_to_wait_again_and_again(house, load):
    pauses(house, load, 15, 3)
    assert set(settle(house, load)) == {"SENT"}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_telegram_asks_to_wait_for_a_whole_minute(house, load):
    pauses(house, load, 60, 4)
    # What came meanwhile goes out at the pace of the chats.
    assert set(settle(house, load, 300)) == {"SENT"}
    statistics = house.sim("statistics")
    print({number: {name: one[name] for name in ("accepted", "refused", "beyond_limit", "during_retry_after")}
           for number, one in statistics["bots"].items()}, "overruns", statistics["overruns"])


def test_three_of_ten_calls_fail_inside_of_telegram(house, load):
    began = time.monotonic()
    for status in (500, 502, 504):
        house.sim("fault", kind="status", status=status, percent=10, for_ms=60_000)
    house.sim("fault", kind="status", status=502, percent=5, for_ms=60_000, when="after", method="send*")
    # One failure alone may be told of no bot; soon there are more.
    scenario.wait_for("health to name a bot", house.trouble)
    house.wait_for_trouble("Telegram answers with errors", "sending")
    scenario.wait_for("a bot to be out of reach", lambda: [
        bot for bot in load.bots if (state := house.state(bot))["state"] == "unreachable" and state["reason"]])
    time.sleep(max(0, began + 8 - time.monotonic()))
    house.sim("clearFaults")
    states = settle(house, load)
    assert set(states) == {"SENT", "UNCERTAIN"}


def test_answers_break_off_half_way(house, load):
    house.sim("fault", kind="cut", percent=20, for_ms=4000, when="after")
    house.sim("fault", kind="cut", percent=30, for_ms=6000)
    time.sleep(6)
    states = settle(house, load)
    assert set(states) <= {"SENT", "UNCERTAIN"}


def test_connections_are_cut_again_and_again(house, load):
    deadline = time.monotonic() + 6
    cuts = 0
    while time.monotonic() < deadline or cuts <= 10:
        time.sleep(0.4)
        cuts += house.proxy.cut()
    states = settle(house, load)
    assert set(states) <= {"SENT", "UNCERTAIN"}


def test_webhooks_come_twice_and_in_another_order(house, load):
    house.sim("fault", kind="duplicate", percent=40, for_ms=5000)
    house.sim("fault", kind="reorder", percent=30, for_ms=5000)
    time.sleep(5)
    assert set(settle(house, load)) == {"SENT"}


SCRIPT = [{"do": "createBot", "username": "polled_bot"}, {"do": "createBot", "username": "hooked_bot"}]
SCRIPT += [{"do": "createUser", "first_name": f"P{number}", "save": f"p{number}"} for number in range(12)]
SCRIPT += [{"do": "send", "user": f"$p{number}", "chat": bot, "text": f"hello from the start by {number} to {bot}"}
           for number in range(12) for bot in ("polled_bot", "hooked_bot")]


def is_there(sim, person):
    try:
        return sim("messages", **{"as": person}, chat="hooked_bot")
    except scenario.Refused:
        return False


def test_telegram_goes_away_and_comes_back(tmp_path, house):
    sim = house.sim
    # Whoever makes the same bots in the same order has the same tokens.
    bots = [sim("createBot", username=name) for name in ("polled_bot", "hooked_bot")]
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    sim.arguments = ("--script", script, "--numbers-from-clock")
    sim.stop()
    sim.start(enforced=True)
    scenario.wait_for("the script", lambda: is_there(sim, 7_000_000_012))
    for bot, mode in zip(bots, ("polling", "webhook")):
        house.gateway.register(bot, mode=mode)
    people = [7_000_000_001 + number for number in range(12)]
    load = Load(house.gateway, sim, bots, people).begin()
    try:
        scenario.wait_for("sends", lambda: len(load.ids) > 20)
        load.hush()
        house.proxy.close()
        sim.kill()
        now = len(load.ids)
        away = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
        for bot in bots:
            known = scenario.wait_for("the outage to be known", lambda: (
                state := house.state(bot))["state"] == "unreachable" and state)
            assert known["reason"]
        house.wait_for_trouble("and 1 more bot")
        house.wait_for_trouble("out of reach for the sends of 2 bots", "sending")
        assert house.health()["status"] == "degraded"
        scenario.wait_for("sends during the outage", lambda: len(load.ids) > now + 40)
        sim.start(enforced=True)
        scenario.wait_for("the script", lambda: is_there(sim, people[-1]))
        house.proxy = Proxy(sim.port, house.proxy.port)
        house.wait_until_well()
        load.is_quiet.clear()
        came = len(load.said)
        scenario.wait_for("updates after it", lambda: len(load.said) > came + 20)
        load.end()
        states = load.check_sends(since=away)
        load.check_updates()
        load.check_pace()
        # Only of what was on its way nobody knows: one for each chat of each bot at most, and mostly fewer.
        assert states["FAILED"] == 0 and states["UNCERTAIN"] <= len(bots) * len(people), states
        assert states["SENT"] > 60, states
    finally:
        load.done.set()


# What goes wrong for one bot.

def direct(sim, bot, method, **arguments):
    return httpx.post(f"{sim.base}/bot{bot['token']}/{method}", json=arguments, timeout=60).json()


def send(house, bot, chat, text, **others):
    return house.gateway.api(
        "POST", f"/chats/{chat}/messages",
        {"text": text, "botId": bot["id"], "wait": "sent", "waitSeconds": 20} | others)["send"]


def person_of(house, bot):
    person = house.sim("createUser", first_name="Ada")["id"]
    house.sim("send", user=person, chat=bot["id"], text="hello")
    return person


def wait_for_text(house, chat, text):
    """How often the text is there, once it is."""
    return len(scenario.wait_for(f"{text!r}", lambda: [
        message for message in house.gateway.api("GET", f"/messages/poll/{chat}?limit=500")["messages"]
        if message["text"] == text]))


@pytest.mark.parametrize("mode", ["polling", "webhook"])
def test_a_revoked_token_is_told_and_a_new_one_revives_the_bot(house, mode):
    bot = house.bot("revoked_bot", mode)
    person = person_of(house, bot)
    wait_for_text(house, person, "hello")
    new = house.sim("revokeToken", bot=bot["id"])["token"]
    # Polling is told at the next call; a webhook bot at the next look at its webhook.
    house.sim("send", user=person, chat=bot["id"], text="while it has none")
    scenario.wait_for("the mark", lambda: house.state(bot)["state"] == "unauthorized")
    assert "Unauthorized" in house.state(bot)["reason"]
    house.wait_for_trouble("@revoked_bot")

    def calls():
        count = house.sim("statistics")["calls"]
        return [count.get(name) for name in ("getupdates", "getwebhookinfo", "setwebhook", "deletewebhook")]

    before = calls()
    time.sleep(2.5)
    assert calls() == before
    failed = send(house, bot, person, "into the void")
    assert failed["state"] == "FAILED" and "Unauthorized" in failed["error"]["message"]
    for wrong in (bot["token"], "1:nonsense"):
        house.gateway.api("PUT", f"/bots/{bot['id']}/token", {"token": wrong}, status=422)
    house.gateway.api("PUT", f"/bots/{bot['id']}/token", {"token": new})
    house.wait_until_well()
    assert wait_for_text(house, person, "while it has none") == 1
    assert send(house, bot, person, "back again")["state"] == "SENT"


@pytest.mark.parametrize("mode", ["polling", "webhook"])
def test_a_foreign_webhook_is_taken_back(house, mode):
    bot = house.bot("stolen_bot", mode)
    ours = direct(house.sim, bot, "getWebhookInfo")["result"]["url"]
    # Telegram takes one a second.
    scenario.wait_for("the theft", lambda: direct(
        house.sim, bot, "setWebhook", url="http://127.0.0.1:9/elsewhere/secret")["ok"])
    scenario.wait_for("the repair", lambda: direct(house.sim, bot, "getWebhookInfo")["result"]["url"] == ours)
    person = person_of(house, bot)
    assert wait_for_text(house, person, "hello") == 1
    house.wait_until_well()
    assert "elsewhere/secret" not in house.gateway.log_tail(1_000_000)


def test_another_poller_is_told_and_survived(house):
    bot = house.bot("contested_bot")
    person = person_of(house, bot)
    wait_for_text(house, person, "hello")

    def strife(found):
        # It confirms nothing, and so takes nothing away.
        direct(house.sim, bot, "getUpdates", timeout=1)
        return found()

    state = scenario.wait_for("the conflict", lambda: strife(lambda: (
        now := house.state(bot))["state"] == "conflict" and now))
    assert "Conflict" in state["reason"]
    scenario.wait_for("health to know", lambda: strife(lambda: "@contested_bot" in (house.trouble() or "")))
    house.sim("send", user=person, chat=bot["id"], text="after the strife")
    assert wait_for_text(house, person, "after the strife") == 1
    house.wait_until_well()


def test_a_person_who_blocked_the_bot_is_told_in_telegrams_words(house):
    bot = house.bot("shunned_bot")
    person = person_of(house, bot)
    house.sim("block", user=person, bot=bot["id"])
    failed = send(house, bot, person, "are you there?")
    assert failed["state"] == "FAILED" and failed["attempts"] == 1
    assert failed["error"] | {"code": ""} == {
        "code": "", "message": "Forbidden: bot was blocked by the user", "status": 403}
    house.sim("unblock", user=person, bot=bot["id"])
    assert send(house, bot, person, "welcome back")["state"] == "SENT"
    house.wait_until_well()


def test_sends_follow_a_group_that_becomes_a_supergroup(house):
    bot = house.bot("moving_bot")
    person = person_of(house, bot)
    group = house.sim("createChat", type="group", title="Movers", creator=person, members=[bot["id"]])["id"]
    assert send(house, bot, group, "in the old place")["state"] == "SENT"
    new = house.sim("migrate", chat=group)["id"]
    moved = send(house, bot, group, "in the new place marker:moved")
    assert moved["state"] == "SENT"
    [accepted] = house.sim("sends", contains="marker:moved")
    assert accepted["chat_id"] == new
    # The tables of chats follow the log: for a moment they may not even know the group.
    def groups(**expected):
        chats = house.gateway.api("GET", "/chats")["chats"]
        return [one for one in chats if expected.items() <= one.items()]
    scenario.wait_for("the migration", lambda: groups(id=str(group), migratedTo=str(new)))
    scenario.wait_for("the new chat", lambda: groups(id=str(new), migratedFrom=str(group)))
    assert send(house, bot, new, "named by its new number")["state"] == "SENT"
    house.wait_until_well()
