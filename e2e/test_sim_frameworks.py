"""Unmodified aiogram and python-telegram-bot on the simulator: they cannot tell it from Telegram."""

import concurrent.futures
import pathlib
import subprocess
import sys
import time
import urllib.request

import pytest

from bots import scenario
from server import BINARY, clean_environment, free_port

BOTS = pathlib.Path(__file__).parent / "bots"


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    """A simulator without limits on sending, because the bots do not wait."""
    port = free_port()
    log = tmp_path_factory.mktemp("sim") / "sim.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [BINARY, "sim", "--listen", f"127.0.0.1:{port}"], env=clean_environment(), stdout=output, stderr=output)
    try:
        sim = scenario.Sim(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + 15
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            try:
                sim("limits", enforced=False)
                break
            except OSError:
                time.sleep(0.02)
        yield sim
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()


@pytest.fixture
def run(sim, tmp_path):
    """Starts the program of a bot."""
    started = []

    def run(program, base, token, mode):
        log = tmp_path / f"{program}-{len(started)}.log"
        with open(log, "wb") as output:
            started.append((subprocess.Popen(
                [sys.executable, BOTS / f"{program}.py", "--base", base, "--token", token, "--mode", mode,
                 "--port", str(free_port())], stdout=output, stderr=output), log))

    yield run
    for process, log in started:
        was_running = process.poll() is None
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        print(log.read_text()[-4000:])
        assert was_running, "the bot ended by itself"


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
