"""How often one may ask: what answers say, who is refused, held up and blocked, and when that ends."""

import json
import re
import signal
import time

import pytest

import clients
from raw import Raw, get
from test_redis import Redis, redis  # noqa: F401 (a fixture)

STRICT = {
    "HELIOGRAPH_LIMITS_ENABLED": "true", "HELIOGRAPH_LIMITS_ADDRESS_PER_SECOND": 1,
    "HELIOGRAPH_LIMITS_ADDRESS_BURST": 3, "HELIOGRAPH_LIMITS_DELAY_MAX": "0s"}


def ask(server, path="/docs", source="127.0.0.1"):
    with Raw(server, source=(source, 0)) as raw:
        raw.send(get(path))
        return raw.answer()


def ask_often(server, count, path="/docs", source="127.0.0.1"):
    """The answers to requests that go out at once, on one connection."""
    with Raw(server, source=(source, 0)) as raw:
        raw.send(get(path) * count)
        return [raw.answer() for _ in range(count)]


def quickly(attempt):
    """What an attempt gives that took so little time that no budget grew meanwhile; each is for another address."""
    for number in range(2, 30):
        begin = time.monotonic()
        outcome = attempt(f"127.0.0.{number}")
        if time.monotonic() - begin < 0.9:
            return outcome
    raise AssertionError("the machine is too busy for it")


def standing(answer):
    """What an answer says of limit and remaining requests, the seconds until all is as at first, and its warning."""
    names = ("limit", "remaining", "reset", "warning")
    return tuple(answer.headers.get(f"ratelimit-{name}") for name in names)


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("path, status", [("/docs", 200), ("/openapi.json", 200), ("/nowhere", 404)])
def test_answers_say_from_the_start_what_is_left(start, version, path, status):
    client = clients.Curl(start(HELIOGRAPH_LIMITS_ENABLED="true"), version)
    answer = client.request("GET", path)
    assert answer.status == status
    assert standing(answer) == ("60", "59", "1", None)


@pytest.mark.parametrize("path", ["/health", "/api/v1/system/health", "/metrics", "/bench/json"])
def test_what_is_unlimited_says_nothing_and_always_answers(start, path):
    server = start(**STRICT)
    for answer in ask_often(server, 20, path):
        assert answer.status == 200
        assert standing(answer) == (None, None, None, None)


def test_too_many_requests_are_429_until_the_time_they_are_told(start):
    server = start(**STRICT)
    answers, source = quickly(lambda source: (ask_often(server, 5, source=source), source))
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert standing(answers[2]) == ("3", "0", "3", "1")
    assert standing(answers[3])[1] == "0"
    wait = int(answers[3].headers["retry-after"])
    assert wait == 1
    error = json.loads(answers[3].body)
    assert error == {"success": False, "error": {
        "code": "RATE_LIMITED", "message": "Too many requests",
        "details": {"retryAfter": 1, "limit": 3, "current": 4}}}
    assert json.loads(answers[4].body)["error"]["details"]["current"] == 5
    time.sleep(wait)
    assert ask(server, source=source).status == 200


def test_unknown_paths_are_counted_like_others(start):
    server = start(**STRICT)
    unknown, known = quickly(lambda source: (
        ask_often(server, 4, "/nowhere", source), ask(server, source=source)))
    assert [answer.status for answer in unknown] == [404, 404, 404, 429]
    assert known.status == 429


def test_one_address_does_not_use_up_anothers_budget(start):
    server = start(**STRICT)
    many, other, again = quickly(lambda source: (
        ask_often(server, 10, source=source), ask(server, source=source.replace("127.0.0.", "127.0.1.")),
        ask(server, source=source)))
    assert (many[-1].status, other.status, again.status) == (429, 200, 429)


def test_a_little_too_much_is_held_up_and_answered(start):
    server = start(**STRICT | {
        "HELIOGRAPH_LIMITS_ADDRESS_PER_SECOND": 5, "HELIOGRAPH_LIMITS_ADDRESS_BURST": 2,
        "HELIOGRAPH_LIMITS_DELAY_MAX": "400ms"})

    def attempt(source):
        begin = time.monotonic()
        return ask_often(server, 4, source=source), time.monotonic() - begin

    answers, took = quickly(attempt)
    # One by one on a connection: the third waits for a fifth of a second, and the fourth for the next.
    assert [answer.status for answer in answers] == [200, 200, 200, 200]
    assert took > 0.3
    if took < 0.55:
        assert standing(answers[3])[1] == "0" and standing(answers[3])[3] == "1"


def test_who_goes_on_is_blocked_for_a_while(start):
    server = start(**STRICT | {"HELIOGRAPH_LIMITS_BLOCK_AFTER": 5, "HELIOGRAPH_LIMITS_BLOCK_FIRST": "6s"})

    def counts():
        text = ask(server, "/metrics").body.decode()
        found = dict(re.findall(r'rate_limit_decisions_total\{class="interactive",decision="(\w+)"\} (\d+)', text))
        return int(found.get("blocked", 0)), int(found.get("refused", 0))

    def attempt(source):
        before = counts()
        return ask_often(server, 9, source=source), source, before

    answers, source, before = quickly(attempt)
    assert [answer.headers.get("retry-after") for answer in answers[3:]] == ["1"] * 5 + ["6"]
    time.sleep(1.2)
    # By now there is a token, but nobody looks.
    answer = ask(server, source=source)
    assert answer.status == 429
    wait = int(answer.headers["retry-after"])
    assert 1 <= wait <= 5
    assert ask(server, source="127.0.9.9").status == 200
    time.sleep(wait)
    assert ask(server, source=source).status == 200
    assert counts() == (before[0] + 2, before[1] + 5)


def test_sighup_changes_the_limits(start, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"limits": {"address_burst": 5}}))
    server = start(HELIOGRAPH_LIMITS_ENABLED="true", HELIOGRAPH_CONFIG=file)
    assert standing(ask(server))[0] == "5"
    for content, limit in [('{"limits": {"address_burst": 9}}', "9"), ('{"limits": {"address_burst": 0}}', "9")]:
        file.write_text(content)
        before = server.log_tail().count("reload")
        server.send(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while server.log_tail().count("reload") == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert standing(ask(server))[0] == limit


def test_servers_with_one_redis_share_budgets_and_go_on_without_it(start, redis):  # noqa: F811
    settings = STRICT | {"REDIS_URL": redis.url, "HELIOGRAPH_LIMITS_ADDRESS_BURST": 6}
    one, other = start(**settings), start(**settings)
    for server in (one, other):
        deadline = time.monotonic() + 30
        while '"name":"redis","status":"ok"' not in ask(server, "/health").body.decode():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    def statuses(server, count, source):
        return [answer.status for answer in ask_often(server, count, source=source)]

    first, then, source = quickly(lambda source: (statuses(one, 4, source), statuses(other, 4, source), source))
    assert first == [200] * 4 and then == [200, 200, 429, 429]
    redis.stop()
    # Each counts by itself now, from a full budget on.
    for server in (one, other):
        began = time.monotonic()
        found = statuses(server, 8, source)
        assert found[:6] == [200] * 6
        # One more for each second.
        assert found[-1] == 429 or time.monotonic() - began > 0.9, found
