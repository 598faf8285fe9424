"""The built binary as a process: started on a free port, stopped by SIGTERM, watched through /proc."""

import contextlib
import functools
import http.client
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("HELIOGRAPH_BINARY", ROOT / ".build/release/heliograph"))
# Far more than either ever takes: on a busy machine everything does.
START_SECONDS, STOP_SECONDS = 40, 40
EPHEMERAL = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def free_port():
    """A port of loopback that nobody listens on, and that the kernel gives to no client.

    A client that got it meanwhile would keep the server from it, or even reach itself there.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, EPHEMERAL)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def clean_environment(**settings):
    """This process's environment without Heliograph's settings, plus these."""
    others = ("DATABASE_URL", "REDIS_URL")
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith("HELIOGRAPH_") and key not in others}
    return kept | {key: str(value) for key, value in settings.items()}


class Server:
    """One `heliograph serve`."""

    def __init__(self, folder, certificates=None, **settings):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.certificates = certificates
        self.log = self.folder / "server.log"
        usual = {
            "HELIOGRAPH_BENCH": 1, "HELIOGRAPH_LISTEN": f"127.0.0.1:{self.port}",
            "HELIOGRAPH_DATA": self.folder / "data",
            # Tests hammer at will; those of the limits turn them on.
            "HELIOGRAPH_LIMITS_ENABLED": "false"}
        self.environment = clean_environment(**(usual | settings))
        self.process = None

    @property
    def scheme(self):
        return "https" if "HELIOGRAPH_TLS_CERT" in self.environment else "http"

    def url(self, path=""):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def start(self):
        self.ended_with = self.process.returncode if self.process else None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended at once:\n{self.log_tail()}"
            if self._is_ready():
                return self
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"nothing is ready on {self.port}:\n{self.log_tail()}")

    def _is_ready(self):
        """Whether it says so: it listens a moment before. Who wants a certificate of us is asked no more than for that."""
        if "HELIOGRAPH_TLS_CLIENT_CA" in self.environment:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
                return True
            return False
        kind = http.client.HTTPConnection
        if self.scheme == "https":
            kind = functools.partial(http.client.HTTPSConnection, context=ssl._create_unverified_context())
        with contextlib.closing(kind("127.0.0.1", self.port, timeout=5)) as client:
            try:
                client.request("GET", "/health")
                return client.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def command(self, *arguments, given=None):
        """What a command says that runs beside the server, on the same database."""
        done = subprocess.run(
            [BINARY, *arguments], env=self.environment, cwd=self.folder, input=given, capture_output=True, text=True)
        assert done.returncode == 0, f"heliograph {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    @functools.cached_property
    def admin_key(self):
        """An API key of an administrator, who is made when first asked for."""
        self.command(
            "user", "create", "--username", "operator-of-tests", "--admin", "--password-stdin",
            given="a password of tests\n")
        return self.command("key", "create", "--username", "operator-of-tests", "--name", "tests")

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Asks the server to stop and returns its exit code."""
        if self.process.poll() is None:
            self.send(number)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop within {STOP_SECONDS} s:\n{self.log_tail()}") from None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def is_running(self):
        return self.process.poll() is None

    def log_tail(self, count=4000):
        return self.log.read_text(errors="replace")[-count:] if self.log.exists() else ""

    def log_lines(self):
        """The lines of the log that are written to their end."""
        data = self.log.read_bytes() if self.log.exists() else b""
        return data[:data.rfind(b"\n") + 1].decode().splitlines()

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server has no memory")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
