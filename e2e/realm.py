"""A server with people in it: users of each role, and each kind of credential that they can show."""

import contextlib
import dataclasses
import http.cookiejar
import json
import pathlib
import re
import sqlite3
import ssl
import subprocess
import sys
import time

import httpx
import websockets.sync.client

import databases
from server import BINARY, ROOT, Server

sys.path.insert(0, str(ROOT / "docs"))
import signing  # noqa: E402  The program of the documentation is the one that signs.

ROOT_NAME, PASSWORD = "root", "correct horse battery"
SESSION_KINDS, KEY_KINDS = ("token", "cookie"), ("key", "x-api-key", "signature")
USUAL = {"HELIOGRAPH_LIMITS_ENABLED": "false", "ENCRYPTION_KEY": "5e" * 32, "HELIOGRAPH_SHUTDOWN_DEADLINE": "1s"}
# Events are put straight into the database: nothing else writes to the log yet.
APPEND = """
INSERT INTO events SELECT position + 1, recorded_at + 1, NULL, '{source}', 'message', NULL, {chat},
    COALESCE((SELECT MAX(sequence) FROM events WHERE chat = {chat}), 0) + 1, 1, 1, {payload} FROM log_head;
UPDATE log_head SET position = position + 1, recorded_at = recorded_at + 1;
"""


@dataclasses.dataclass
class Caller:
    """Whoever sends requests to a node, with or without a credential."""

    node: object
    kind: str = "none"
    headers: dict = dataclasses.field(default_factory=dict)
    key: str = None
    secret: bytes = None
    session: str = None
    refresh: str = None

    def call(self, method, path, body=None, headers=None, node=None):
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"content-type": "application/json"} if body is not None else {}
        fields |= self.headers
        if self.secret:
            fields["authorization"] = signing.authorization(self.key, self.secret, method, path, content)
        return (node or self.node).client.request(
            method, path, content=content, headers=fields | (headers or {}))

    def get(self, path, **others):
        return self.call("GET", path, **others)

    def post(self, path, body=None, **others):
        return self.call("POST", path, body, **others)

    def put(self, path, body=None, **others):
        return self.call("PUT", path, body, **others)

    def patch(self, path, body=None, **others):
        return self.call("PATCH", path, body, **others)

    def delete(self, path, **others):
        return self.call("DELETE", path, **others)

    def socket(self, node=None):
        """An open WebSocket of this caller."""
        node = node or self.node
        return websockets.sync.client.connect(
            node.url("/api/v1/ws").replace("http", "ws", 1), additional_headers=self.headers, close_timeout=1)


class Node(Server):
    """One server, and a client that keeps no cookies of its own accord."""

    def __init__(self, folder, tls=None, **settings):
        super().__init__(folder, **(USUAL | settings))
        self.tls = tls

    def start(self):
        super().start()
        self.client = self.connect(self.tls)
        return self

    def connect(self, tls=None):
        verify = tls if isinstance(tls, ssl.SSLContext) else True
        client = httpx.Client(
            base_url=self.url(), verify=verify, trust_env=False, timeout=60,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30))
        client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return client

    @property
    def database(self):
        return self.environment.get("DATABASE_URL") or f"sqlite:{self.environment['HELIOGRAPH_DATA']}/heliograph.db"

    def command(self, *arguments, text=None):
        """What a command of the binary prints."""
        done = subprocess.run(
            [BINARY, *arguments], env=self.environment, cwd=self.folder, input=text, capture_output=True, text=True,
            timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statements):
        """Runs SQL past the server, and returns the rows of a query as texts."""
        if self.database.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.database.removeprefix("sqlite:"), timeout=10)) as database:
                if statements.lstrip().upper().startswith("SELECT"):
                    return [tuple(str(one) for one in row) for row in database.execute(statements)]
                database.executescript(f"BEGIN IMMEDIATE; {statements} COMMIT;")
                return []
        done = subprocess.run(
            [databases._tool("psql"), "-qAtX1", "-F", "\t", "-v", "ON_ERROR_STOP=1", self.database],
            input=statements, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def append(self, chat=5, source="bot:7", text="hello"):
        """Something happens in a chat."""
        digits = json.dumps({"text": text}).encode().hex()
        payload = f"x'{digits}'" if self.database.startswith("sqlite:") else f"decode('{digits}', 'hex')"
        self.sql(APPEND.format(source=source, chat=chat, payload=payload))


class Realm(Node):
    """A node whose first user is an administrator, with ways to make others."""

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder, **settings):
        """A realm with its node; whatever happened to it, it ends in good order."""
        folder = pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        realm = cls(folder, **settings)
        try:
            realm.command("user", "create", "--username", ROOT_NAME, "--admin", "--password-stdin",
                text=PASSWORD + "\n")
            realm.start()
            realm.admin = realm.login(ROOT_NAME)
            yield realm
            assert realm.is_running, f"the server died:\n{realm.log_tail()}"
            assert realm.stop() in (0, 75), f"the server did not end well:\n{realm.log_tail()}"
        finally:
            realm.kill()

    @contextlib.contextmanager
    def second(self, folder, **settings):
        """Another node on the same database and, where there is one, the same Redis."""
        folder = pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        shared = {name: self.environment[name] for name in ("DATABASE_URL", "REDIS_URL") if name in self.environment}
        node = Node(folder, **(shared | settings))
        try:
            yield node.start()
            assert node.is_running, f"the second node died:\n{node.log_tail()}"
        finally:
            node.kill()

    def nobody(self):
        return Caller(self)

    def login(self, name, password=PASSWORD, cookie=False, node=None, headers=None):
        node = node or self
        answer = Caller(node).post(
            "/api/v1/auth/login", {"username": name, "password": password, "cookie": cookie}, headers=headers)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        if not cookie:
            bearer = {"authorization": f"Bearer {data['accessToken']}"}
            return Caller(node, "token", bearer, session=data["sessionId"], refresh=data["refreshToken"])
        cookies = dict(field.split(";")[0].split("=", 1) for field in answer.headers.get_list("set-cookie"))
        headers = {"cookie": f"hg_access={cookies['hg_access']}", "x-csrf-token": data["csrfToken"]}
        return Caller(node, "cookie", headers, session=data["sessionId"], refresh=cookies["hg_refresh"])

    def user(self, name, *roles, password=PASSWORD):
        """The number of a new user."""
        answer = self.admin.post(
            "/api/v1/users", {"username": name, "password": password, "roles": list(roles)})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["user"]["id"]

    def role(self, name, *permissions):
        answer = self.admin.put(f"/api/v1/roles/{name}", {"permissions": list(permissions)})
        assert answer.status_code == 200, answer.text
        return name

    def key(self, user=None, kind="key", by=None, **fields):
        """A caller with a new key."""
        body = {"name": "a key", "canSign": kind == "signature"} | fields
        if user:
            body["userId"] = user
        answer = (by or self.admin).post("/api/v1/apikeys", body)
        assert answer.status_code == 201, answer.text
        data = answer.json()["data"]
        caller = Caller(self, kind, key=data["apiKey"]["id"])
        if kind == "signature":
            caller.secret = bytes.fromhex(data["signingSecret"])
        elif kind == "x-api-key":
            caller.headers = {"x-api-key": data["key"]}
        else:
            caller.headers = {"authorization": f"Bearer {data['key']}"}
        return caller

    def grant(self, subject, target, by=None, **rights):
        answer = (by or self.admin).put("/api/v1/grants", {"subject": subject, "target": target} | rights)
        assert answer.status_code == 200, answer.text

    def credential(self, kind, name, user):
        """A credential of a kind, of a user who is there."""
        if kind == "none":
            return self.nobody()
        if kind == "garbage":
            return Caller(self, kind, {"authorization": "Bearer Z2FyYmFnZQ.Z2FyYmFnZQ.Z2FyYmFnZQ"})
        if kind in SESSION_KINDS:
            return self.login(name, cookie=kind == "cookie")
        return self.key(user, kind)


def secret_of(caller):
    """The key or token that a caller shows in the clear."""
    return re.sub(r"^Bearer ", "", caller.headers.get("authorization") or caller.headers["x-api-key"])


def until(condition, what, seconds=30):
    """Waits for something to become true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)
    return value


def assert_refused(answer, *statuses):
    """An error in the envelope, with one of these statuses and a stable code."""
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.text}"
    body = answer.json()
    assert body["success"] is False and re.fullmatch("[A-Z_]+", body["error"]["code"]), body
