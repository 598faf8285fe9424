"""Two nodes share the polling of fifty bots; one goes, and the other has all of them."""

import concurrent.futures
import time

import httpx
import pytest

import databases
from bots import scenario
from load import Load
from simulated import Gateway, SimProcess
from test_redis import Redis

BOTS = 50

pytestmark = pytest.mark.skipif("postgres" not in databases.KINDS, reason="there is no driver")


class Pair:
    """Two gateways on one PostgreSQL and one Redis."""

    def __init__(self, folder):
        (folder / "redis").mkdir()
        self.redis = Redis(folder / "redis").start()
        self.sim = SimProcess(folder).start()
        shared = {
            "DATABASE_URL": databases.shared().fresh(), "REDIS_URL": self.redis.url, "ENCRYPTION_KEY": "5e" * 32,
            "HELIOGRAPH_TELEGRAM_POLL_TIMEOUT": "20s"}
        self.nodes = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            self.nodes.append(Gateway(folder / name, self.sim, **shared).start())
        self.nodes[1].__dict__["admin_key"] = self.nodes[0].admin_key

    def close(self):
        for node in self.nodes:
            node.kill()
        self.sim.kill()
        self.redis.stop()


def polled(node):
    """How many bots a node polls."""
    for line in httpx.get(node.url("/metrics"), timeout=20).text.splitlines():
        if line.startswith("telegram_polled_bots "):
            return int(float(line.split()[1]))
    raise AssertionError("there is no such metric")


def wait_for_share(counts, seconds):
    """How long it took until nodes poll so many bots each."""
    began = time.monotonic()
    scenario.wait_for(
        f"a share of {list(counts.values())}", lambda: all(polled(node) == count for node, count in counts.items()),
        seconds)
    return time.monotonic() - began


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    try:
        yield pair
    finally:
        pair.close()


def test_the_bots_of_a_node_that_goes_are_polled_by_the_other(pair):
    one, other = pair.nodes
    bots = [pair.sim("createBot", username=f"bot_{number}_bot") for number in range(BOTS)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda bot: one.register(bot, mode="polling"), bots))
    wait_for_share({one: BOTS // 2, other: BOTS // 2}, 45)
    load = Load(one, pair.sim, bots, people=2, pause=0.5).begin(senders=bots[::5])
    try:
        def flows():
            """Something of every bot comes in that was not there before."""
            goal = len(load.said) + 2 * BOTS
            scenario.wait_for("traffic", lambda: len(load.said) > goal)

        flows()
        other.kill()
        # The leases of the dead end after six seconds, and nodes look once a second.
        killed = wait_for_share({one: BOTS}, 10)
        flows()
        other.start()
        joined = wait_for_share({one: BOTS // 2, other: BOTS // 2}, 45)
        flows()
        assert other.stop() == 0, other.log_tail()
        # They were given back: nobody waits for their end.
        stopped = wait_for_share({one: BOTS}, 5)
        flows()
        load.end()
        states = load.check_sends()
        updates = load.check_updates()
    finally:
        load.done.set()
    print(f"taken over {killed:.1f} s after a kill, {stopped:.1f} s after a stop, shared again after {joined:.1f} s; "
          f"{updates} updates, sends {dict(states)}")
    assert set(states) <= {"SENT", "UNCERTAIN"} and states["SENT"] > 50
    scenario.wait_for("all bots to be active", lambda: {
        bot["state"] for bot in one.api("GET", "/bots?limit=100")["bots"]} == {"active"})
    assert one.stop() == 0, one.log_tail()
