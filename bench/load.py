"""Runs wrk and h2load, and reads their figures."""

import dataclasses
import os
import re
import subprocess

from servers import ROOT

UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


@dataclasses.dataclass
class Load:
    """What one run showed: requests a second, server CPU in µs a request, latencies in ms."""

    rate: float
    cpu_us: float
    p50: float | None = None
    p99: float | None = None


def wrk(server, path, seconds, connections=64, script=None, headers=(), threads=2):
    """HTTP/1.1 over kept connections, each with one request under way."""
    command = ["wrk", "--latency", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
    if script:
        command += ["-s", str(ROOT / "bench" / script)]
    for header in headers:
        command += ["-H", header]
    output, cpu = _run(server, [*command, server.url(path)])
    if re.search(r"Non-2xx|Socket errors", output):
        raise RuntimeError(f"{server.name} failed under wrk:\n{output}")
    count = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return Load(rate, cpu / count * 1e6, _latency(output, 50), _latency(output, 99))


def h2load(server, path, seconds, connections=64, streams=4):
    """HTTP/2 in clear text by prior knowledge, several streams a connection."""
    url = f"http://127.0.0.1:{server.http2_port}{path}"
    command = ["h2load", "-t2", f"-c{connections}", f"-m{streams}", f"-D{seconds}", url]
    output, cpu = _run(server, command)
    numbers = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", output)
    done, succeeded, failed, errored = map(int, numbers.groups())
    if failed or errored or not succeeded:
        raise RuntimeError(f"{server.name} failed under h2load:\n{output}")
    rate = float(re.search(r", ([\d.]+) req/s", output)[1])
    return Load(rate, cpu / done * 1e6)


def _run(server, command):
    """The output of a load generator, and the CPU seconds that the server spent meanwhile."""
    before = server.cpu_seconds()
    environment = dict(os.environ, BENCH_BODY=str(ROOT / "bench/update.json"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout, server.cpu_seconds() - before


def _latency(output, percent):
    value, unit = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s|m)\s", output).groups()
    return float(value) * UNITS[unit]
