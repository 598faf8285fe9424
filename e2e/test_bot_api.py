"""Unmodified aiogram and python-telegram-bot on the gateway's own Bot API, with tokens that the gateway made."""

import concurrent.futures

import httpx
import pytest

from bots import scenario
from simulated import Gateway, Programs, SimProcess

PROGRAMS = ["aiogram_bot", "ptb_bot"]


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    sim = SimProcess(tmp_path_factory.mktemp("sim"))
    try:
        yield sim.start()
        sim.stop()
    finally:
        sim.kill()


@pytest.fixture(scope="module")
def gateway(sim, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), sim, HELIOGRAPH_PUBLIC_URL="self")
    try:
        yield gateway.start()
        assert gateway.stop() == 0, gateway.log_tail()
    finally:
        gateway.kill()


@pytest.fixture
def programs(tmp_path):
    programs = Programs(tmp_path)
    yield programs
    programs.end()


@pytest.mark.parametrize("ours", ["webhook", "polling"])
@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_bot_serves_people_through_the_gateway(sim, gateway, programs, program, mode, ours):
    bot = sim("createBot", username=f"{program}_{mode}_{ours}", name="A bot")
    gateway.register(bot, mode=ours)
    programs.run(program, gateway.url(), gateway.token(bot), mode)
    scenario.play(sim, bot["username"])
    with concurrent.futures.ThreadPoolExecutor(4) as people:
        list(people.map(lambda name: scenario.play(sim, bot["id"], name), ["Bruno", "Chiara", "Dmitri", "Esther"]))


def call(gateway, token, method, **arguments):
    return httpx.post(gateway.url(f"/bot{token}/{method}"), json=arguments, timeout=60).json()


def drain(gateway, token):
    """Everything that waits for a program, confirmed."""
    updates, offset = [], 0
    while True:
        batch = call(gateway, token, "getUpdates", offset=offset, timeout=1)["result"]
        if not batch:
            return updates
        updates += batch
        offset = batch[-1]["update_id"] + 1


def test_two_programs_on_one_bot_both_see_every_update(sim, gateway):
    bot = sim("createBot", username="shared_bot")
    gateway.register(bot, mode="polling")
    tokens = [gateway.token(bot) for _ in range(2)]
    people = [sim("createUser", first_name=f"P{number}")["id"] for number in range(5)]
    sent = []
    for number in range(40):
        sim("send", user=people[number % 5], chat=bot["id"], text=f"number {number}")
        sent.append(f"number {number}")
        if number == 20:
            first = drain(gateway, tokens[0])
    seen = [[update["message"]["text"] for update in part] for part in (
        first + drain(gateway, tokens[0]), drain(gateway, tokens[1]))]
    scenario.wait_for("every update", lambda: [
        part.extend(u["message"]["text"] for u in drain(gateway, token)) for part, token in zip(seen, tokens)
    ] and all(len(part) >= 40 for part in seen))
    assert seen[0] == sent and seen[1] == sent


def test_two_frameworks_on_one_bot_at_once_miss_nothing(sim, gateway, programs):
    bot = sim("createBot", username="both_bot")
    gateway.register(bot, mode="polling")
    for program, mode in (("aiogram_bot", "polling"), ("ptb_bot", "webhook")):
        programs.run(program, gateway.url(), gateway.token(bot), mode)
    person = sim("createUser", first_name="Ada")["id"]
    for number in range(20):
        sim("send", user=person, chat=bot["id"], text=f"word {number}")

    def answers():
        texts = [
            message["text"] for message in sim("messages", **{"as": person}, chat=bot["id"])
            if message["from"]["id"] == bot["id"]]
        return all(texts.count(f"echo: word {number}") == 2 for number in range(20))

    scenario.wait_for("both programs' answers", answers)


def test_a_new_token_begins_with_what_is_still_to_come(sim, gateway):
    bot = sim("createBot", username="late_bot")
    gateway.register(bot, mode="polling")
    early = gateway.token(bot)
    person = sim("createUser", first_name="Ada")["id"]
    sim("send", user=person, chat=bot["id"], text="before")
    scenario.wait_for("the update", lambda: call(gateway, early, "getUpdates")["result"])
    late = gateway.token(bot)
    assert call(gateway, late, "getUpdates")["result"] == []
    sim("send", user=person, chat=bot["id"], text="after")
    [update] = call(gateway, late, "getUpdates", timeout=30)["result"]
    assert update["message"]["text"] == "after"


def test_the_later_of_two_polls_with_one_token_gets_the_updates(sim, gateway):
    bot = sim("createBot", username="twice_bot")
    gateway.register(bot, mode="polling")
    token = gateway.token(bot)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        early = pool.submit(call, gateway, token, "getUpdates", timeout=20)
        scenario.wait_for("the conflict", lambda: (call(gateway, token, "getUpdates", timeout=1), early.done())[1])
        answer = early.result()
    assert answer["error_code"] == 409
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request")


@pytest.mark.parametrize("token", ["1:no", "x", "42:hg_aaaaaaaaaaaaaaaa_" + "a" * 43, "0", "%00"])
def test_a_wrong_token_is_refused_in_telegrams_words(gateway, token):
    answer = httpx.get(gateway.url(f"/bot{token}/getMe"), timeout=30)
    assert answer.status_code in (401, 400)
    if answer.status_code == 401:
        assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert "hg_aaaaaaaaaaaaaaaa" not in gateway.log_tail(100_000)


def test_a_token_of_one_bot_does_not_open_another(sim, gateway):
    bots = [sim("createBot", username=f"other_{number}_bot") for number in range(2)]
    for bot in bots:
        gateway.register(bot, mode="polling")
    secret = gateway.token(bots[0]).split(":", 1)[1]
    assert call(gateway, f"{bots[1]['id']}:{secret}", "getMe")["error_code"] == 401


def test_telegrams_errors_come_through_as_they_are(sim, gateway):
    bot = sim("createBot", username="errors_bot")
    gateway.register(bot, mode="polling")
    token = gateway.token(bot)
    for method, arguments in (
            ("sendMessage", {"chat_id": 99, "text": "x"}), ("sendMessage", {"chat_id": 99}),
            ("getChat", {"chat_id": 5}), ("noSuchMethod", {})):
        direct = httpx.post(f"{sim.base}/bot{bot['token']}/{method}", json=arguments, timeout=60)
        through = httpx.post(gateway.url(f"/bot{token}/{method}"), json=arguments, timeout=60)
        assert (through.status_code, through.json()) == (direct.status_code, direct.json())


def test_the_bots_own_token_is_nowhere(sim, gateway):
    bot = sim("createBot", username="secret_bot")
    gateway.register(bot, mode="webhook")
    gateway.api("GET", f"/bots/{bot['id']}")
    for text in (gateway.log_tail(1_000_000), httpx.get(gateway.url("/metrics"), timeout=30).text,
                 str(gateway.api("GET", "/bots")), str(gateway.api("GET", "/audit"))):
        assert bot["token"] not in text and bot["token"].split(":")[1] not in text
