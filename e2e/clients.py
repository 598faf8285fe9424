"""The same request by different foreign clients over each protocol that the server speaks."""

import dataclasses
import json
import subprocess
import tempfile

import httpx


@dataclasses.dataclass
class Answer:
    version: str
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Curl:
    """The command-line client."""

    FLAGS = {"1.1": "--http1.1", "2": "--http2", "2-prior": "--http2-prior-knowledge"}

    def __init__(self, server, version):
        self.server = server
        self.flags = [self.FLAGS["2-prior" if version == "2" and server.scheme == "http" else version]]
        if server.certificates:
            self.flags += ["--cacert", str(server.certificates.authority)]

    def request(self, method, path, headers=None, body=None, chunked=False):
        command = ["curl", "-sS", "--max-time", "20", *self.flags, "-w", "%{http_version} %{http_code}"]
        command += ["-I"] if method == "HEAD" else ["-X", method]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        if chunked:
            command += ["-H", "Transfer-Encoding: chunked", "-T", "-"]
        elif body is not None:
            command += ["--data-binary", "@-"]
        with tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as content:
            command += ["-D", head.name, "-o", content.name, self.server.url(path)]
            done = subprocess.run(command, input=body or b"", capture_output=True)
            assert done.returncode == 0, f"curl: {done.stderr.decode()}"
            version, status = done.stdout.decode().split()
            fields = _last_head(head.read().decode())
            return Answer(version, int(status), fields, b"" if method == "HEAD" else content.read())

    def close(self):
        pass


class Httpx:
    """The Python client, with one connection kept over requests."""

    def __init__(self, server, version):
        verify = server.certificates.context() if server.certificates else True
        self.client = httpx.Client(
            base_url=server.url(), http1=version == "1.1", http2=version == "2", verify=verify, timeout=20,
            trust_env=False, headers={"Accept-Encoding": "identity"})

    def request(self, method, path, headers=None, body=None, chunked=False):
        content = iter([body[:7], body[7:]]) if chunked else body
        with self.client.stream(method, path, headers=headers, content=content) as response:
            raw = b"".join(response.iter_raw())
        version = response.http_version.removeprefix("HTTP/")
        fields = {name.lower(): value for name, value in response.headers.items()}
        return Answer(version, response.status_code, fields, raw)

    def close(self):
        self.client.close()


def _last_head(text):
    """The fields of the final answer; those of `100 Continue` come before it."""
    head = text.replace("\r\n", "\n").strip().split("\n\n")[-1]
    fields = [line.split(":", 1) for line in head.splitlines()[1:]]
    return {name.strip().lower(): value.strip() for name, value in fields}
