"""The first user: by the link that the server prints, which works once."""

import json
import re
import time

import httpx

PASSWORD = "a long enough password"


def link(server):
    """The link of the first start."""
    deadline = time.monotonic() + 30
    while not (found := re.search(r'"link":"([^"]+)"', server.log_tail(100_000))):
        assert time.monotonic() < deadline, server.log_tail()
        time.sleep(0.02)
    return json.loads(f'"{found[1]}"')


def set_up(server, token, username="ada"):
    body = {"token": token, "username": username, "password": PASSWORD}
    return httpx.post(server.url("/api/v1/auth/setup"), json=body, timeout=30)


def test_the_link_makes_one_administrator(start):
    server = start()
    page, token = link(server).split("#token=")
    assert page == server.url("/setup")
    assert httpx.get(page, timeout=30).status_code == 200
    made = set_up(server, token)
    assert made.status_code == 201 and made.json()["data"]["user"]["roles"] == ["admin"]
    again = set_up(server, token, "eve")
    assert again.status_code == 403
    login = httpx.post(server.url("/api/v1/auth/login"), json={"username": "ada", "password": PASSWORD}, timeout=30)
    assert login.status_code == 200


def test_a_wrong_token_makes_nobody(start):
    server = start()
    assert set_up(server, "x" * 32).status_code == 403
    assert server.command("user", "list") == ""


def test_a_bad_password_leaves_the_link_good(start):
    server = start()
    token = link(server).split("#token=")[1]
    body = {"token": token, "username": "ada", "password": "short"}
    assert httpx.post(server.url("/api/v1/auth/setup"), json=body, timeout=30).status_code == 422
    assert set_up(server, token).status_code == 201


def test_a_user_made_meanwhile_ends_the_setup(start):
    server = start()
    token = link(server).split("#token=")[1]
    server.command("user", "create", "--username", "first", "--admin", "--password-stdin", given=PASSWORD + "\n")
    assert set_up(server, token).status_code == 409


def test_a_server_with_users_prints_no_link(start):
    server = start()
    server.command("user", "create", "--username", "first", "--admin", "--password-stdin", given=PASSWORD + "\n")
    assert server.stop() == 0
    server.log.write_text("")
    server.start()
    # The log is whole once the server is gone.
    assert server.stop() == 0
    assert "listening" in server.log_tail(100_000) and "link" not in server.log_tail(100_000)


def test_the_page_runs_no_script_but_its_own(start):
    server = start()
    for path in ("/setup", "/setup/script.js", "/setup/style.css"):
        answer = httpx.get(server.url(path), timeout=30)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "'unsafe-inline'" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
