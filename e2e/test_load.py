"""A load of requests by generators that nobody here wrote: each one is answered."""

import re
import subprocess

import pytest


def h2load(*arguments):
    output = subprocess.run(["h2load", *arguments], capture_output=True, text=True, timeout=60, check=True).stdout
    done = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    return tuple(map(int, done.groups()))


@pytest.mark.parametrize("flags", [[], ["--h1"]], ids=["h2", "h1"])
@pytest.mark.parametrize("which", ["server", "tls_server"])
def test_h2load_gets_every_answer(request, which, flags):
    server = request.getfixturevalue(which)
    counts = h2load("-n20000", "-c50", "-m8", "-t2", *flags, server.url("/bench/json"))
    assert counts == (20000, 20000, 0, 0, 0)


def test_h2load_posts_bodies(server, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"update_id": 5, "text": "' + "a" * 100_000 + '"}')
    counts = h2load("-n500", "-c10", "-m10", "-d", str(body), server.url("/bench/echo"))
    assert counts == (500, 500, 0, 0, 0)


def test_wrk_sees_no_error(server):
    command = ["wrk", "-t2", "-c100", "-d2s", "--timeout", "30s", server.url("/bench/json")]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "Socket errors" not in output and "Non-2xx" not in output
