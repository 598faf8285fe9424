"""The whole log of a gateway, as `heliograph tail` tells it."""

import json
import subprocess
import threading

import httpx

from server import BINARY


def log_end(gateway):
    """The last position of the log."""
    for line in httpx.get(gateway.url("/metrics"), timeout=20).text.splitlines():
        if line.startswith("log_position "):
            return int(float(line.split()[1]))
    raise AssertionError("there is no metric of the log")


def read_log(gateway, start="start", seconds=60):
    """Every event behind a cursor, to the end that the gateway knows now."""
    end = log_end(gateway)
    if end == (int(start) if start != "start" else 0):
        return []
    process = subprocess.Popen(
        [BINARY, "tail", "--from", str(start)], env=gateway.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    # A log that never gets there must not keep the test for ever.
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    events = []
    try:
        for line in process.stdout:
            events.append(json.loads(line))
            if int(events[-1]["cursor"]) >= end:
                return events
        raise AssertionError(f"the log ends at {len(events)} events, before {end}: {process.stderr.read()}")
    finally:
        watch.cancel()
        process.kill()
        process.communicate()
