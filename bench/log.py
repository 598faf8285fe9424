"""The log next to bare SQLite and pgbench: the same rows into the same schema, in turns."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from report import Row
from servers import BINARY, ROOT

sys.path.append(str(ROOT / "e2e"))


def _environment(folder, url=None):
    kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    return kept | {"HELIOGRAPH_DATA": str(folder)} | ({"DATABASE_URL": url} if url else {})


def _ours(folder, seconds, events, url=None):
    done = subprocess.run(
        [BINARY, "bench", "log", "--seconds", str(seconds), "--events", str(events)],
        env=_environment(folder, url),
        capture_output=True, text=True, timeout=1800)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def _theirs(reference, folder, seconds):
    subprocess.run([BINARY, "migrate", "up"], env=_environment(folder), capture_output=True, check=True)
    done = subprocess.run(
        [reference, folder / "heliograph.db", str(seconds)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def log(_, options):
    """Appends, fan-out, catching up, and pages deep in the log."""
    seconds = 1 if options.quick else options.seconds
    events = 50_000 if options.quick else 300_000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-log-", dir=ROOT / "bench"))
    try:
        reference = folder / "raw_sqlite"
        subprocess.run(["cc", "-O2", "-o", reference, ROOT / "bench/raw_sqlite.c", "-lsqlite3"], check=True)
        rounds = []
        for number in range(options.rounds):
            for name in ("ours", "theirs"):
                shutil.rmtree(folder / name, ignore_errors=True)
            figures = _ours(folder / "ours", seconds, events)
            figures["reference"] = _theirs(reference, folder / "theirs", seconds)
            rounds.append(figures)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    def middle(name):
        return statistics.median(figures[name] for figures in rounds)

    ratio = statistics.median(figures["appends_per_second"] / figures["reference"] for figures in rounds)
    return [
        Row("log-append", middle("appends_per_second"), "events/s", middle("reference"), ratio, "ratio >= 0.6"),
        Row("log-append-p99", middle("append_p99_ms"), "ms", goal="value < 20"),
        Row("log-fan-out-1000", middle("fan_out_1000_p50_ms"), "ms", goal="value < 10"),
        Row("log-fan-out-1000-max", middle("fan_out_1000_max_ms"), "ms"),
        Row("log-catch-up", middle("catch_up_per_second"), "events/s", goal="value >= 300000"),
        Row("log-page-deep", middle("page_late_ms"), "ms", middle("page_early_ms"), middle("page_late_to_early"),
            "ratio <= 1.3"),
        Row("log-chat-page-deep", middle("chat_page_late_ms"), "ms", middle("chat_page_early_ms"),
            middle("chat_page_late_to_early"), "ratio <= 1.3"),
    ]


_ROW = (
    "(nextval('positions'), 1700000000000, 1700000000000, 'bot:7000000001', 'message', "
    "'bot:7000000001/' || currval('positions'), -1000000000000 - currval('positions') % 1000, "
    "currval('positions'), 7, 7, '\\x" + "78" * 600 + "')")


def _pgbench(server, folder, seconds):
    """Rows a second of inserts of 64 rows each, one after the other, into the same schema."""
    import databases

    url = server.fresh()
    subprocess.run([BINARY, "migrate", "up"], env=_environment(folder, url), capture_output=True, check=True)
    subprocess.run(["psql", "-q", "-c", "CREATE SEQUENCE positions", url], check=True)
    script = folder / "insert.sql"
    script.write_text(
        "INSERT INTO events (position, recorded_at, occurred_at, source, kind, key, chat, sequence, sender, message, payload)"
        " VALUES " + ", ".join([_ROW] * 64) + ";\n")
    done = subprocess.run(
        [databases._tool("pgbench"), "-n", "-f", script, "-c", "1", "-T", str(seconds), url],
        capture_output=True, text=True, check=True)
    return 64 * float(re.search(r"tps = ([0-9.]+)", done.stdout)[1])


def log_postgres(_, options):
    """Appends on PostgreSQL next to pgbench's inserts of many rows."""
    import databases

    seconds = 1 if options.quick else options.seconds
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-log-"))
    server = databases.Postgres().start()
    try:
        pairs = [
            (_ours(folder, seconds, 100_000, server.fresh()), _pgbench(server, folder, seconds))
            for _ in range(options.rounds)]
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)

    def middle(name):
        return statistics.median(figures[name] for figures, _ in pairs)

    ratio = statistics.median(figures["appends_per_second"] / reference for figures, reference in pairs)
    return [
        Row("log-postgres-append", middle("appends_per_second"), "events/s",
            statistics.median(reference for _, reference in pairs), ratio, "ratio >= 0.5"),
        Row("log-postgres-append-p99", middle("append_p99_ms"), "ms"),
        Row("log-postgres-catch-up", middle("catch_up_per_second"), "events/s"),
    ]
