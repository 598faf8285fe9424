"""A simulator as a process, and a gateway that takes it for Telegram."""

import functools
import pathlib
import subprocess
import sys
import time

import httpx

from bots import scenario
from server import BINARY, START_SECONDS, STOP_SECONDS, Server, clean_environment, free_port

BOTS = pathlib.Path(__file__).parent / "bots"


class SimProcess(scenario.Sim):
    """One `heliograph sim`; calling it calls its control API."""

    def __init__(self, folder, *arguments):
        self.port = free_port()
        self.log = pathlib.Path(folder) / "sim.log"
        self.arguments = arguments
        super().__init__(f"http://127.0.0.1:{self.port}")
        self.process = None

    def start(self, enforced=False):
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [BINARY, "sim", "--listen", f"127.0.0.1:{self.port}", *self.arguments], env=clean_environment(),
                stdout=output, stderr=output)
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            try:
                self("limits", enforced=enforced)
                return self
            except OSError:
                time.sleep(0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            # 75: it had to cut off a call that was still waiting, as Telegram would.
            assert self.process.wait(STOP_SECONDS) in (0, 75), self.log.read_text()[-2000:]

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Gateway(Server):
    """A gateway on a simulator, and an operator who uses it."""

    def __init__(self, folder, sim, paced=False, **settings):
        if not paced:
            # People in tests do not wait their turn.
            settings = {
                "HELIOGRAPH_SENDING_BOT_PER_SECOND": 10_000, "HELIOGRAPH_SENDING_CHAT_INTERVAL": "0s",
                "HELIOGRAPH_SENDING_GROUP_PER_MINUTE": 100_000} | settings
        super().__init__(
            folder, TELEGRAM_API_URL=sim.base, HELIOGRAPH_TELEGRAM_PRIVATE_HOOKS="true",
            HELIOGRAPH_SHUTDOWN_DEADLINE="20s", **settings)
        if settings.get("HELIOGRAPH_PUBLIC_URL") == "self":
            self.environment["HELIOGRAPH_PUBLIC_URL"] = self.url()
        self.sim = sim

    def api(self, method, path, body=None, **others):
        """What the API answers, which has to be a success unless `status` says otherwise."""
        status = others.pop("status", None)
        key = others.pop("key", None) or self.admin_key
        # To read the certificates of the world for each call would take longer than the call.
        answer = httpx.request(
            method, self.url("/api/v1" + path), json=body, timeout=60, verify=False,
            headers={"authorization": f"Bearer {key}"} | others.pop("headers", {}), **others)
        if status:
            assert answer.status_code == status, answer.text
            return answer.json()
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def register(self, bot, **settings):
        """Registers a bot of the simulator."""
        return self.api("POST", "/bots", {"token": bot["token"]} | settings)["bot"]

    def token(self, bot, **settings):
        """A token for a program, in place of the bot's own."""
        return self.api("POST", f"/bots/{bot['id']}/tokens", settings, key=self.session)["token"]

    @functools.cached_property
    def session(self):
        """An access token of the operator: a key cannot make keys."""
        known = {"username": "operator-of-tests", "password": "a password of tests"}
        return self.api("POST", "/auth/login", known)["accessToken"]


class Programs:
    """Programs of bots that run beside the tests."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.started = []

    def run(self, program, base, token, mode):
        log = self.folder / f"{program}-{len(self.started)}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [sys.executable, BOTS / f"{program}.py", "--base", base, "--token", token, "--mode", mode,
                 "--port", str(free_port())], stdout=output, stderr=output)
        self.started.append((process, log))
        return process

    def end(self):
        for process, log in self.started:
            was_running = process.poll() is None
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            print(log.read_text()[-4000:])
            assert was_running, "the bot ended by itself"
