"""A server that shares a Redis, and what happens when that goes away."""

import contextlib
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from server import BINARY, Server, clean_environment, free_port


class Redis:
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 40
        while subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True).stdout != b"PONG\n":
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def stop(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(15)


@pytest.fixture
def redis(tmp_path):
    (tmp_path / "redis").mkdir()
    server = Redis(tmp_path / "redis").start()
    yield server
    server.stop()


@contextlib.contextmanager
def serving(folder, redis):
    server = Server(folder, REDIS_URL=redis.url).start()
    try:
        yield server
        assert server.stop() == 0
    finally:
        server.kill()


def parts(server):
    try:
        with urllib.request.urlopen(server.url("/health"), timeout=20) as answer:
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as answer:
        # Not ready: that is an answer too.
        data = json.load(answer)["data"]
    return data["ready"], {part["name"]: part["status"] for part in data["parts"]}


def wait_for(server, status):
    deadline = time.monotonic() + 45
    while (seen := parts(server)) != (True, seen[1] | {"redis": status}):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)


def test_a_server_goes_on_without_redis_and_heals_by_itself(tmp_path, redis):
    with serving(tmp_path, redis) as server:
        wait_for(server, "ok")
        redis.stop()
        wait_for(server, "degraded")
        redis.start()
        wait_for(server, "ok")


def test_a_server_starts_without_redis(tmp_path, redis):
    redis.stop()
    with serving(tmp_path, redis) as server:
        wait_for(server, "degraded")
        redis.start()
        wait_for(server, "ok")


def test_a_wrong_password_ends_the_start_and_is_not_shown(tmp_path, redis):
    done = subprocess.run(
        [BINARY, "serve"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=clean_environment(
            HELIOGRAPH_LISTEN=f"127.0.0.1:{free_port()}",
            REDIS_URL=f"redis://somebody:s3cr3t-w0rd@127.0.0.1:{redis.port}"))
    assert done.returncode == 1
    assert "s3cr3t" not in done.stdout + done.stderr
    assert "WRONGPASS" in done.stderr or "password" in done.stderr.lower(), done.stderr
