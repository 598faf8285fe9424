"""Databases for tests: each fresh, in a place of its own. One PostgreSQL serves a whole run."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

from server import free_port

KINDS = ["sqlite", "postgres"]


class Postgres:
    """A real PostgreSQL of our own, which can be killed and started again."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="heliograph-postgres-"))
        self.port = free_port()
        self.process = None
        # It refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "-D", self.folder / "data", "-U", "heliograph", "--auth=trust", "--no-sync")

    def start(self):
        with open(self.folder.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(
                [_tool("postgres"), "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder,
                 "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_user())
        deadline = time.monotonic() + 30
        while subprocess.run(
                [_tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            assert self.process.poll() is None and time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.02)
        return self

    def stop(self, number=signal.SIGINT):
        """SIGINT is its fast shutdown, SIGQUIT its crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)

    def end(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_suffix(".log").unlink(missing_ok=True)

    def fresh(self):
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "heliograph", name)
        return f"postgres://heliograph@127.0.0.1:{self.port}/{name}"

    def _run(self, tool, *arguments):
        subprocess.run(
            [_tool(tool), *map(str, arguments)], check=True, capture_output=True, **self._as_user())

    def _as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": self.folder}


def _tool(name):
    """A program of PostgreSQL; Debian keeps most of them in a folder for each version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


_shared = None


def shared():
    """The server of this run."""
    global _shared
    if _shared is None:
        _shared = Postgres().start()
    return _shared


def end():
    """Stops the server of this run."""
    if _shared:
        _shared.end()


@contextlib.contextmanager
def fresh(kind, folder):
    """The URL of an empty database."""
    yield f"sqlite:{folder}/log.db" if kind == "sqlite" else shared().fresh()
