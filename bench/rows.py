"""The measurements: each makes one or more rows. Rounds go in turns, so that drift hits both sides alike."""

import json
import statistics
import subprocess
import time

import idle
import load
from bots import endpoint, poll, polling
from ingest import ingest
from log import log, log_postgres
from report import Row
from servers import BINARY, Nginx

JSON_PATH = "/bench/json"
PUBLIC_PATH = "/bench/public"
PRIVATE_PATH = "/bench/private"
ECHO_PATH = "/bench/echo"
IDLE_CONNECTIONS = 10_000


def get(subject, options):
    """Small JSON over HTTP/1.1, next to nginx."""
    with subject() as server, Nginx() as nginx:
        ours, theirs = _in_turns(
            options,
            lambda seconds: load.wrk(server, JSON_PATH, seconds),
            lambda seconds: load.wrk(nginx, JSON_PATH, seconds))
    return [
        _ratio_row("json-get", "requests/s", ours, theirs, "rate", "ratio >= 0.85"),
        _ratio_row("json-get-cpu", "µs/request", ours, theirs, "cpu_us", "ratio <= 1.5"),
        _ratio_row("json-get-p50", "ms", ours, theirs, "p50", None),
        _ratio_row("json-get-p99", "ms", ours, theirs, "p99", "ratio <= 3"),
    ]


def echo(subject, options):
    """A Telegram update posted, parsed and answered, next to the same server's GET."""
    with subject() as server:
        posts, gets = _in_turns(
            options,
            lambda seconds: load.wrk(server, ECHO_PATH, seconds, script="echo.lua"),
            lambda seconds: load.wrk(server, JSON_PATH, seconds))
    return [
        _ratio_row("json-echo", "requests/s", posts, gets, "rate", "ratio >= 0.7"),
        _ratio_row("json-echo-cpu", "µs/request", posts, gets, "cpu_us", None),
        _ratio_row("json-echo-p99", "ms", posts, gets, "p99", None),
    ]


def access(subject, options):
    """A small answer behind a credential, next to the same one that is open, both counted; and what the checks cost."""
    rows = []
    with subject() as server:
        key, token = server.credentials()
        for name, credential in [("key", key), ("token", token)]:
            ours, theirs = _in_turns(
                options,
                lambda seconds: load.wrk(
                    server, PRIVATE_PATH, seconds, headers=[f"Authorization: Bearer {credential}"]),
                lambda seconds: load.wrk(server, PUBLIC_PATH, seconds))
            rows.append(_ratio_row(f"access-{name}", "requests/s", ours, theirs, "rate", "ratio >= 0.8"))
            rows.append(_ratio_row(f"access-{name}-cpu", "µs/request", ours, theirs, "cpu_us", None))
    done = subprocess.run([BINARY, "bench", "access"], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    rows.append(Row("acl-check", figures["acl_check_ns"], "ns", goal="value < 1000"))
    rows.append(Row("rate-decision", figures["rate_decision_ns"], "ns", goal="value < 1000"))
    return rows


def http2(subject, options):
    """Small JSON over HTTP/2, next to nginx."""
    with subject() as server, Nginx() as nginx:
        ours, theirs = _in_turns(
            options,
            lambda seconds: load.h2load(server, JSON_PATH, seconds),
            lambda seconds: load.h2load(nginx, JSON_PATH, seconds))
    return [
        _ratio_row("http2-get", "requests/s", ours, theirs, "rate", None),
        _ratio_row("http2-get-cpu", "µs/request", ours, theirs, "cpu_us", None),
    ]


def idle_connections(subject, options):
    """Memory of kept-alive connections that wait."""
    count = 2_000 if options.quick else IDLE_CONNECTIONS
    with subject() as server:
        ours = idle.memory_per_connection(server, JSON_PATH, count)
    with Nginx() as nginx:
        theirs = idle.memory_per_connection(nginx, JSON_PATH, count)
    kilo = 1024
    return [Row("idle-connection-rss", ours / kilo, "KB/connection", theirs / kilo, ours / theirs, "value <= 6")]


def start(subject, options):
    """From the start of the process to its first answer, and what it weighs at rest."""
    times = []
    for _ in range(3 if options.quick else 7):
        with subject() as server:
            times.append(server.start_ms)
            time.sleep(0.2)
            rss = server.rss_bytes()
    return [
        Row("start", statistics.median(times), "ms", goal="value < 100"),
        Row("idle-rss", rss / 2**20, "MB", goal="value < 25"),
    ]


def size(_subject, _options):
    """The release binary."""
    return [Row("binary-size", BINARY.stat().st_size / 2**20, "MB", goal="value < 25")] if BINARY.exists() else []


GROUPS = {
    "get": get, "echo": echo, "access": access, "http2": http2, "idle-connections": idle_connections, "start": start, "size": size,
    "ingest": ingest, "poll": poll, "polling": polling, "endpoint": endpoint, "log": log, "log-postgres": log_postgres,
}


def _in_turns(options, ours, theirs):
    """The loads of both sides, round by round, after one that warms them up."""
    seconds = 1 if options.quick else options.seconds
    ours(1), theirs(1)
    pairs = [(ours(seconds), theirs(seconds)) for _ in range(options.rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _ratio_row(name, unit, ours, theirs, field, goal):
    """Medians of both sides; the ratio is the median of the rounds' ratios, which drift touches least."""
    mine = [getattr(one, field) for one in ours]
    other = [getattr(one, field) for one in theirs]
    ratio = statistics.median(left / right for left, right in zip(mine, other))
    return Row(name, statistics.median(mine), unit, statistics.median(other), ratio, goal)
