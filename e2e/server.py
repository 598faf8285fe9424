"""The built binary as a process: started on a free port, stopped by SIGTERM, watched through /proc."""

import functools
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("HELIOGRAPH_BINARY", ROOT / ".build/release/heliograph"))
STOP_SECONDS = 20


def free_port():
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


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
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended at once:\n{self.log_tail()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.01)
        self.kill()
        raise AssertionError(f"nobody listens on {self.port}:\n{self.log_tail()}")

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

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server has no memory")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
