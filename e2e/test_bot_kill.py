"""The gateway is killed again and again under updates and sends; what was answered holds all the same."""

import collections
import json
import random
import threading
import time

import httpx
import pytest

import databases
from bots import scenario
from load import Load
from relay import Relay
from simulated import Gateway, SimProcess
from tail import read_log

SECRET = "x-telegram-bot-api-secret-token"


class Poster(threading.Thread):
    """Delivers updates as Telegram does: each until it got a 200, and sometimes once more."""

    def __init__(self, gateway, bot, secret, seed):
        super().__init__(daemon=True)
        self.gateway, self.bot, self.secret = gateway, bot, secret
        self.chance = random.Random(seed)
        self.first = 1_000_000 * (seed + 1)
        self.taken = []
        self.done = threading.Event()
        self.failure = None

    def run(self):
        number = self.first
        with httpx.Client(trust_env=False, timeout=20) as client:
            while not self.done.is_set():
                number += 1
                body = {"update_id": number, "message": {
                    "message_id": number, "date": 1_800_000_000, "text": f"posted {number}",
                    "chat": {"id": self.first + number % 5, "type": "private"}}}
                while not self.done.is_set():
                    try:
                        answer = client.post(
                            self.gateway.url(f"/api/v1/telegram/webhook/{self.bot['username']}"), json=body,
                            headers={SECRET: self.secret})
                    except httpx.HTTPError:
                        self.done.wait(0.02)
                        continue
                    if answer.status_code == 200:
                        self.taken.append(number)
                        if self.chance.random() > 0.1:
                            break
                    elif answer.status_code != 503:
                        self.failure = answer.text
                        return


def kill_again_and_again(folder, rounds, database):
    chance = random.Random(rounds)
    sim, relay = SimProcess(folder), Relay()
    settings = {} if database == "sqlite" else {"DATABASE_URL": databases.shared().fresh()}
    gateway = Gateway(
        folder, sim, HELIOGRAPH_PUBLIC_URL=relay.url, HELIOGRAPH_TELEGRAM_POLL_TIMEOUT="5s",
        HELIOGRAPH_TELEGRAM_WEBHOOK_CHECK="1s", **settings)
    relay.target = gateway
    posters = []
    load = None
    try:
        sim.start()
        gateway.start()
        bots = []
        for name, mode in (("hooked_bot", "webhook"), ("polled_bot", "polling"), ("posted_bot", "webhook")):
            bots.append(sim("createBot", username=name))
            gateway.register(bots[-1], mode=mode)
        load = Load(gateway, sim, bots, pause=0.02)
        scenario.wait_for("the secret", lambda: "posted_bot" in relay.secrets)
        posters = [Poster(gateway, bots[2], relay.secrets["posted_bot"], seed) for seed in range(3)]
        load.begin([gateway.token(bot) for bot in bots])
        for poster in posters:
            poster.start()
        for _ in range(rounds):
            before = [len(poster.taken) for poster in posters] + [len(load.ids), len(relay.taken)]
            scenario.wait_for("progress", lambda: all(
                now > then for now, then in zip(
                    [len(poster.taken) for poster in posters] + [len(load.ids), len(relay.taken)], before)))
            time.sleep(chance.uniform(0, 0.4))
            gateway.kill()
            gateway.start()
        for poster in posters:
            poster.done.set()
            poster.join(60)
            assert not poster.is_alive(), "a delivery does not end"
            assert poster.failure is None, poster.failure
        load.end()
        assert all(poster.taken for poster in posters)
        found = check(gateway, sim, relay, load, posters)
        assert gateway.stop() == 0, gateway.log_tail()
        return found
    finally:
        if load:
            load.done.set()
        for poster in posters:
            poster.done.set()
        gateway.kill()
        sim.kill()
        relay.close()


def check(gateway, sim, relay, load, posters):
    states = load.check_sends()
    calls = load.check_calls()
    said = load.check_updates()
    # Also those are done that nobody got a number for: of programs, and of callers who were cut off.
    for state in ("PENDING", "SENDING"):
        scenario.wait_for(
            f"the end of what is {state}", lambda: gateway.api("GET", f"/sends?state={state}")["sends"] == [])
    wrong = []

    def events():
        """The whole log, once what a crash kept from it was made up for."""
        log = read_log(gateway)
        ends = collections.defaultdict(list)
        for event in log:
            if event["type"].startswith("send."):
                ends[event["payload"]["send"]["id"]].append(event["type"])
        sends = load.states()
        wrong[:] = [
            (send, ends[send["id"]]) for send in sends.values()
            if not ends[send["id"]] or ends[send["id"]][-1] != f"send.{send['state'].lower()}"
            or len([kind for kind in ends[send["id"]] if kind in ("send.sent", "send.failed")]) > 1]
        return (log, wrong) if not wrong else None

    try:
        log, _ = scenario.wait_for("an event for every end", events, 30)
    except AssertionError:
        raise AssertionError(f"the log does not tell how {len(wrong)} sends ended, such as {wrong[:3]}") from None
    positions = [int(event["cursor"]) for event in log]
    assert positions == list(range(1, len(log) + 1))
    seen = collections.Counter(
        (event["source"], event["payload"]["update_id"]) for event in log if "update_id" in (event["payload"] or {}))
    assert not [update for update, count in seen.items() if count > 1]
    taken = {(f"bot:{posters[0].bot['id']}", number) for poster in posters for number in poster.taken}
    names = {bot["username"]: bot["id"] for bot in load.bots}
    taken |= {(f"bot:{names[name]}", json.loads(body)["update_id"]) for name, body in relay.taken}
    assert taken and not taken - set(seen), f"{len(taken - set(seen))} updates that got a 200 are lost"
    found = f"{len(taken)} updates got a 200, {said} were said, sends {dict(states)}, calls {dict(calls)}"
    print(found)
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", databases.KINDS)
def test_a_killed_gateway_keeps_its_word(tmp_path, database):
    kill_again_and_again(tmp_path, 5, database)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("database", databases.KINDS)
def test_a_hundred_kills_of_the_gateway(tmp_path, database):
    kill_again_and_again(tmp_path, 100, database)
