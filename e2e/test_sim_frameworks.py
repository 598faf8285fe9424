"""Unmodified aiogram and python-telegram-bot on the simulator: they cannot tell it from Telegram."""

import concurrent.futures

import pytest

from bots import scenario
from simulated import Programs, SimProcess


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    """A simulator without limits on sending, because the bots do not wait."""
    sim = SimProcess(tmp_path_factory.mktemp("sim"))
    try:
        yield sim.start()
        sim.stop()
    finally:
        sim.kill()


@pytest.fixture
def run(tmp_path):
    """Starts the program of a bot."""
    programs = Programs(tmp_path)
    yield programs.run
    programs.end()


@pytest.mark.parametrize("mode", ["polling", "webhook"])
@pytest.mark.parametrize("program", ["aiogram_bot", "ptb_bot"])
def test_a_bot_serves_people(sim, run, program, mode):
    bot = sim("createBot", username=f"{program}_{mode}", name="A bot")
    run(program, sim.base, bot["token"], mode)
    scenario.play(sim, bot["username"])
    with concurrent.futures.ThreadPoolExecutor(4) as people:
        list(people.map(lambda name: scenario.play(sim, bot["id"], name), ["Bruno", "Chiara", "Dmitri", "Esther"]))
    statistics = sim("statistics")["bots"][str(bot["id"])]
    assert statistics["has_webhook"] == (mode == "webhook")


def test_a_bot_in_a_group_hears_and_is_heard(sim, run):
    bot = sim("createBot", username="group_bot")
    owner = sim("createUser", first_name="Owner")["id"]
    run("aiogram_bot", sim.base, bot["token"], "polling")
    for kind in ("group", "supergroup"):
        chat = sim("createChat", type=kind, title=kind, creator=owner, members=[bot["id"]])["id"]
        sent = sim("send", user=owner, chat=chat, text="hello all")

        def answered():
            return [
                message for message in sim("messages", **{"as": owner}, chat=chat)
                if message["from"]["id"] == bot["id"]]

        [answer] = scenario.wait_for("an answer", answered)
        assert answer["text"] == "echo: hello all"
        assert answer["reply_to_message"]["message_id"] == sent["message_id"]


def test_the_scenario_notices_a_bot_that_is_not_there(sim):
    bot = sim("createBot", username="nobody_home")
    person = scenario.Person(sim, bot["username"], "Grace")
    person.send(text="/start")
    with pytest.raises(AssertionError, match="waited in vain"):
        person.answer(seconds=0.3)
