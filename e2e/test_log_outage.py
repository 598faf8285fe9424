"""The log while PostgreSQL goes away and comes back, and while connections are cut."""

import random
import signal
import threading
import time

import pytest

import databases
from probe import Probe, acknowledged, assert_whole
from proxy import Proxy

pytestmark = pytest.mark.skipif("postgres" not in databases.KINDS, reason="there is no driver")


@pytest.fixture
def postgres():
    """A PostgreSQL of the test's own, which it may kill."""
    server = databases.Postgres().start()
    yield server
    server.end()


class Lines(threading.Thread):
    """Reads what a probe says as it says it, with the time of each line."""

    def __init__(self, probe):
        super().__init__(daemon=True)
        self.probe = probe
        self.said = []
        self.start()

    def run(self):
        for line in self.probe.process.stdout:
            self.said.append((time.monotonic(), line.rstrip("\n")))

    def finish(self):
        assert self.probe.process.wait(90) == 0, self.probe.process.stderr.read()
        self.join()
        return [line for _, line in self.said]

    def first_after(self, moment, kind):
        return next((at for at, line in self.said if at > moment and line.startswith(kind)), float("inf"))


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["crash", "shutdown"])
def test_postgresql_goes_away_and_comes_back(postgres, how):
    url = postgres.fresh()
    Probe("check", url).lines()
    with Probe("append", url, "outage", 8, 18) as writer, Probe("tail", url, 22) as reader:
        lines = Lines(writer)
        deadline = time.monotonic() + 10
        while not [line for _, line in lines.said if line.startswith("A")]:
            assert time.monotonic() < deadline, "nothing is written"
            time.sleep(0.02)
        time.sleep(1)
        postgres.stop(how)
        time.sleep(2)
        postgres.start()
        back = time.monotonic()
        said = lines.finish()
        assert lines.first_after(back, "A") - back < 5, "it took long to recover"
        # Who did not get an answer got a reason.
        reasons = {line for line in said if line.startswith("E")}
        assert all("unavailable" in line or "outcomeUnknown" in line for line in reasons), reasons
        events = assert_whole(url, acknowledged(said))
        last, faults, _ = map(int, reader.lines()[0][-1].split()[1:])
        assert (last, faults) == (events, 0)


def test_connections_are_cut_again_and_again(postgres):
    url = postgres.fresh()
    Probe("check", url).lines()
    proxy = Proxy(postgres.port)
    chance = random.Random(7)
    try:
        through = url.replace(f":{postgres.port}/", f":{proxy.port}/")
        with Probe("append", through, "cuts", 8, 10) as writer, Probe("tail", through, 15) as reader:
            lines = Lines(writer)
            begin = time.monotonic()
            cut = 0
            while time.monotonic() - begin < 8 and writer.process.poll() is None:
                time.sleep(chance.uniform(0.05, 0.5))
                cut += proxy.cut()
            said = lines.finish()
            events = assert_whole(url, acknowledged(said))
            last, faults, _ = map(int, reader.lines()[0][-1].split()[1:])
        assert cut > 10
        assert len(acknowledged(said)) > 100
        assert (last, faults) == (events, 0)
    finally:
        proxy.close()
