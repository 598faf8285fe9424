"""Starts and stops the servers under measurement, and reads what they cost from /proc."""

import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("HELIOGRAPH_BINARY", ROOT / ".build/release/heliograph"))
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def raise_file_limit():
    """As many open files as this user may have; servers started later inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Server:
    """A server process with a folder of its own; `with` starts and ends it."""

    name = "server"
    health = "/health"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.port = free_port()
        self.http2_port = self.port
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def __enter__(self):
        self.started = time.perf_counter()
        with open(self.folder / "output.log", "wb") as output:
            self.process = subprocess.Popen(
                self.command(), env=self.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_it_answers(self):
        request = f"GET {self.health} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        while time.perf_counter() - self.started < 20:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                    client.sendall(request)
                    if client.recv(4096).startswith(b"HTTP/1.1 200"):
                        self.start_ms = (time.perf_counter() - self.started) * 1000
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.0005)
        log = (self.folder / "output.log").read_text(errors="replace")
        raise RuntimeError(f"{self.name} does not answer on port {self.port}:\n{log[-2000:]}")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def processes(self):
        """The server's process and its children."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu_seconds(self):
        """User and system time of all its processes since they started."""
        total = 0
        for pid in self.processes():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def rss_bytes(self):
        """Resident memory of all its processes."""
        total = 0
        for pid in self.processes():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total


class Nginx(Server):
    name = "nginx"
    health = "/"

    def command(self):
        self.http2_port = free_port()
        words = {
            "FOLDER": self.folder, "PORT": self.port, "PORT2": self.http2_port,
            "FILES": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        }
        text = (ROOT / "bench/nginx.conf").read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        (self.folder / "nginx.conf").write_text(text)
        binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        return [binary, "-p", self.folder, "-c", self.folder / "nginx.conf"]


class Heliograph(Server):
    name = "heliograph"

    def command(self):
        return [BINARY, "serve"]

    def environment(self):
        others = {key: value for key, value in os.environ.items() if not key.startswith("HELIOGRAPH_")}
        return others | {
            "HELIOGRAPH_BENCH": "1", "HELIOGRAPH_LISTEN": f"127.0.0.1:{self.port}",
            "HELIOGRAPH_DATA": str(self.folder / "data"),
            # Budgets are kept and told as always; nobody reaches their end.
            "HELIOGRAPH_LIMITS_ADDRESS_PER_SECOND": "100000", "HELIOGRAPH_LIMITS_ADDRESS_BURST": "100000",
            "HELIOGRAPH_LIMITS_CALLER_PER_SECOND": "100000", "HELIOGRAPH_LIMITS_CALLER_BURST": "100000"}

    def credentials(self):
        """A key and an access token of an administrator who is made for the purpose."""
        def run(*arguments, given=None):
            done = subprocess.run(
                [BINARY, *arguments], env=self.environment(), input=given, capture_output=True, text=True, check=True)
            return done.stdout.strip()

        run("user", "create", "--username", "bench", "--admin", "--password-stdin", given="a password for benchmarks\n")
        key = run("key", "create", "--username", "bench")
        body = json.dumps({"username": "bench", "password": "a password for benchmarks"}).encode()
        request = urllib.request.Request(self.url("/api/v1/auth/login"), body)
        with urllib.request.urlopen(request) as answer:
            return key, json.load(answer)["data"]["accessToken"]
