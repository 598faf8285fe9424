"""Many bots that poll, the price of the Bot API endpoint, and polls out of a full log."""

import json
import os
import sqlite3
import statistics
import subprocess
import time
import urllib.request

import load
import servers
from report import Row
from servers import BINARY


class Simulator(servers.Server):
    """`heliograph sim`, without limits on sending."""

    name = "sim"
    health = "/sim/statistics"

    def command(self):
        return [BINARY, "sim", "--listen", f"127.0.0.1:{self.port}"]

    def __enter__(self):
        super().__enter__()
        self.act("limits", enforced=False)
        return self

    def act(self, action, **arguments):
        request = urllib.request.Request(
            self.url(f"/sim/{action}"), json.dumps(arguments).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["result"]


class Gateway(servers.Heliograph):
    """A gateway on a simulator."""

    name = "gateway"

    def __init__(self, telegram, **settings):
        super().__init__()
        self.telegram, self.settings = telegram, settings

    def environment(self):
        return super().environment() | {"TELEGRAM_API_URL": self.telegram, "HELIOGRAPH_LIMITS_ENABLED": "false",
                                        "HELIOGRAPH_SENDING_BOT_PER_SECOND": "100000",
                                        "HELIOGRAPH_SENDING_CHAT_INTERVAL": "0s"} | self.settings

    def call(self, path, body=None):
        if not hasattr(self, "key"):
            self.key, self.session = self.credentials()
        request = urllib.request.Request(
            self.url("/api/v1" + path), json.dumps(body).encode() if body is not None else None,
            {"authorization": f"Bearer {self.session}", "content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["data"]


def polling(_, options):
    """Bots that all poll at once and get nothing: what each of them costs."""
    count = 100 if options.quick else 1000
    with Simulator() as sim, Gateway(sim.url("")) as server:
        server.call("/bots")
        before = server.rss_bytes()
        for number in range(count):
            bot = sim.act("createBot", username=f"bench_{number}_bot")
            server.call("/bots", {"token": bot["token"], "mode": "polling"})
        deadline = time.monotonic() + 60
        while f"telegram_polled_bots {count}" not in urllib.request.urlopen(server.url("/metrics")).read().decode():
            assert time.monotonic() < deadline, "not all bots are polled"
            time.sleep(0.5)
        time.sleep(3)
        rss = (server.rss_bytes() - before) / count / 1024
        start, cpu = time.monotonic(), server.cpu_seconds()
        time.sleep(5 if options.quick else 20)
        share = (server.cpu_seconds() - cpu) / (time.monotonic() - start) * 100
    return [
        Row("polled-bot-rss", rss, "KB/bot", goal="value < 150"),
        Row("polled-bots-idle", share, "% of a core", goal="value < 5"),
    ]


def endpoint(_, options):
    """A call through the Bot API endpoint, next to the same call to the simulator; one at a time."""
    seconds = 1 if options.quick else options.seconds
    rows = []
    with Simulator() as sim, Gateway(sim.url("")) as server:
        bot = sim.act("createBot", username="bench_bot")
        person = sim.act("createUser", first_name="Ada")["id"]
        sim.act("send", user=person, chat=bot["id"], text="/start")
        server.call("/bots", {"token": bot["token"], "mode": "polling"})
        token = server.call(f"/bots/{bot['id']}/tokens", {})["token"]
        for name, path in [("read", "getMe"), ("send", f"sendMessage?chat_id={person}&text=hello")]:
            pairs = [
                (load.wrk(server, f"/bot{token}/{path}", seconds, connections=1, threads=1),
                 load.wrk(sim, f"/bot{bot['token']}/{path}", seconds, connections=1, threads=1))
                for _ in range(options.rounds)]
            added = statistics.median(ours.p50 - theirs.p50 for ours, theirs in pairs)
            rows.append(Row(f"endpoint-{name}-added", added, "ms", goal="value < 1"))
    return rows


def poll(_, options):
    """Polls of 100 messages over HTTP, out of a log of a million."""
    events = int(os.environ.get("BENCH_EVENTS", 100_000 if options.quick else 1_000_000))
    seconds = 1 if options.quick else options.seconds
    with Simulator() as sim:
        server = Gateway(sim.url(""))
        environment = server.environment()
        subprocess.run(
            [BINARY, "bench", "log", "--seconds", "1", "--events", str(events)], env=environment, check=True,
            capture_output=True)
        with sqlite3.connect(f"{environment['HELIOGRAPH_DATA']}/heliograph.db") as database:
            # Polls read the log itself: the tables of chats need not be made for it.
            database.execute("UPDATE projected_through SET position = (SELECT position FROM log_head)")
            [(chat, first), (_, last)] = [
                database.execute(
                    f"SELECT chat, position FROM events WHERE chat IS NOT NULL ORDER BY position {order} LIMIT 1"
                ).fetchone() for order in ("ASC", "DESC")]
        with server:
            server.call("/bots")
            headers = [f"Authorization: Bearer {server.key}"]
            loads = {
                place: [
                    load.wrk(
                        server, f"/api/v1/messages/poll/{chat}?limit=100&cursor={int(first + (last - first) * part)}",
                        seconds, connections=4, threads=1, headers=headers)
                    for _ in range(options.rounds)]
                for place, part in (("early", 0.1), ("late", 0.9))}

    def middle(place, field):
        return statistics.median(getattr(one, field) for one in loads[place])

    return [
        Row("poll-p99", middle("late", "p99"), "ms", middle("early", "p99"),
            middle("late", "p99") / middle("early", "p99"), "value < 5"),
        Row("poll-p50", middle("late", "p50"), "ms", middle("early", "p50"),
            middle("late", "p50") / middle("early", "p50")),
    ]
