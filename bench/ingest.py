"""Durable ingest through the webhook, next to the server's own echo and to what people write first."""

import itertools
import os
import secrets
import statistics
import urllib.request
import json

import load
import servers
from report import Row
from telegram import Telegram

PATH = "/api/v1/telegram/webhook/bench_bot"
_firsts = itertools.count(1_000_000_000, 1_000_000_000)


class Gateway(servers.Heliograph):
    """A gateway with one bot whose updates come by webhook."""

    name = "gateway"

    def __init__(self, telegram):
        super().__init__()
        self.telegram = telegram

    def environment(self):
        return super().environment() | {
            "TELEGRAM_API_URL": self.telegram.url, "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{self.port}"}

    def register(self):
        key, _ = self.credentials()
        request = urllib.request.Request(
            self.url("/api/v1/bots"), json.dumps({"token": "42:AAA", "mode": "webhook"}).encode(),
            {"authorization": f"Bearer {key}", "content-type": "application/json"})
        urllib.request.urlopen(request).read()


class Receiver(servers.Server):
    """aiogram, aiohttp and SQLite."""

    name = "aiogram"

    def __init__(self, secret):
        super().__init__()
        self.secret = secret

    def command(self):
        python = servers.ROOT / ".venv/bin/python"
        return [python, servers.ROOT / "bench/aiogram_receiver.py", str(self.port), self.folder / "updates.db", self.secret]


def _post(server, path, secret, seconds):
    os.environ["BENCH_SECRET"], os.environ["BENCH_FIRST"] = secret, str(next(_firsts))
    return load.wrk(server, path, seconds, script="ingest.lua")


def ingest(_, options):
    """Updates of 600 bytes, 64 connections, SQLite with FULL; the echo parses the same body and stores nothing."""
    seconds = 1 if options.quick else options.seconds
    telegram, secret = Telegram(), secrets.token_urlsafe(24)
    with Gateway(telegram) as server, Receiver(secret) as receiver:
        server.register()
        ours_secret = telegram.webhook["secret_token"]
        _post(server, PATH, ours_secret, 1)
        rounds = [
            (_post(server, PATH, ours_secret, seconds), load.wrk(server, "/bench/echo", seconds, script="echo.lua"),
             _post(receiver, "/webhook", secret, seconds))
            for _ in range(options.rounds)]
        rss = server.rss_bytes() / 2**20

    def middle(index, field):
        return statistics.median(getattr(one[index], field) for one in rounds)

    echo = statistics.median(one[0].rate / one[1].rate for one in rounds)
    people = statistics.median(one[0].rate / one[2].rate for one in rounds)
    return [
        Row("ingest", middle(0, "rate"), "updates/s", middle(1, "rate"), echo, "ratio >= 0.35"),
        Row("ingest-p99", middle(0, "p99"), "ms", goal="value < 20"),
        Row("ingest-cpu", middle(0, "cpu_us"), "µs/update", middle(1, "cpu_us"),
            middle(0, "cpu_us") / middle(1, "cpu_us")),
        Row("ingest-aiogram", middle(0, "rate"), "updates/s", middle(2, "rate"), people, "ratio >= 10"),
        Row("ingest-rss", rss, "MB"),
    ]
