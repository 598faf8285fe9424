"""`heliograph sim` as a program: its options, its script, its end."""

import json
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from bots import scenario
from server import BINARY, clean_environment, free_port

STEPS = [
    {"do": "createBot", "username": "script_bot", "save": "bot"},
    {"do": "createUser", "first_name": "Ada", "save": "ada"},
    {"do": "send", "user": "$ada", "chat": "$bot", "text": "from the script"},
]


@pytest.fixture
def begin(tmp_path):
    """Starts simulators and gives their control APIs."""
    started = []

    def begin(*options):
        port = free_port()
        process = subprocess.Popen(
            [BINARY, "sim", "--listen", f"127.0.0.1:{port}", *options], env=clean_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        line = process.stdout.readline()
        assert f"http://127.0.0.1:{port}" in line, line
        return scenario.Sim(f"http://127.0.0.1:{port}"), process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(STEPS))
    return path


def first_message(sim):
    def found():
        try:
            return sim("messages", **{"as": 7000000001}, chat="script_bot")
        except scenario.Refused:
            return None
    return scenario.wait_for("the script's message", found)[0]


def test_a_script_gives_the_same_world_each_time(begin, script):
    tokens = []
    for seed in ("5", "5", "6"):
        sim, _ = begin("--seed", seed, "--script", str(script))
        assert first_message(sim)["text"] == "from the script"
        tokens.append(sim("revokeToken", bot="script_bot")["token"])
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_later_start_repeats_no_number_where_that_is_wanted(begin, script):
    first, _ = begin("--script", str(script), "--numbers-from-clock")
    before = first_message(first)["message_id"]
    time.sleep(1.1)
    second, _ = begin("--script", str(script), "--numbers-from-clock")
    assert first_message(second)["message_id"] > before > 1


def test_it_ends_at_once_whatever_waits(begin):
    sim, process = begin()
    token = sim("createBot", username="a_bot")["token"]
    sim("fault", kind="hang", method="getMe")
    ends = []

    def wait(path):
        try:
            urllib.request.urlopen(f"{sim.base}/bot{token}/{path}", timeout=90).read()
        except OSError as error:
            ends.append(error)

    waiting = [threading.Thread(target=wait, args=[path]) for path in ("getMe", "getUpdates?timeout=50")]
    for thread in waiting:
        thread.start()
    scenario.wait_for("the fault to hit", lambda: sim("faults")[0]["hits"])
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert time.monotonic() - began < 15
    for thread in waiting:
        thread.join()


@pytest.mark.parametrize("options", [["--seed", "x"], ["--listen", "nowhere"], ["--listen"], ["--fly"]])
def test_wrong_options_are_named(options):
    done = subprocess.run(
        [BINARY, "sim", *options], env=clean_environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 64
    assert options[0] in done.stderr


def test_a_port_that_is_taken_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [BINARY, "sim", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"], env=clean_environment(),
            capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr
