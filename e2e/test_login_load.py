"""Many who sign in at once cost a bounded part of the machine: others are served meanwhile."""

import concurrent.futures
import json
import threading
import time

import httpx

from raw import Raw

CROWD = 150


def attempt(server, number, gate):
    """A login of somebody who is not there; all of them at the same moment."""
    body = json.dumps({"username": f"nobody-{number}", "password": "a long enough password"}).encode()
    head = (
        f"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n").encode()
    client = Raw(server)
    gate.wait()
    client.send(head + body)
    return client.answer()


def test_a_crowd_of_logins_leaves_room_for_others(start):
    server = start()
    gate = threading.Barrier(CROWD + 1)
    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool, httpx.Client(trust_env=False) as other:
        attempts = [pool.submit(attempt, server, number, gate) for number in range(CROWD)]
        gate.wait()
        waits = []
        while not all(one.done() for one in attempts):
            begin = time.monotonic()
            assert other.get(server.url("/bench/json")).status_code == 200
            waits.append(time.monotonic() - begin)
        answers = [one.result() for one in attempts]
    statuses = {answer.status for answer in answers}
    assert statuses == {401, 503}, statuses
    refused = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    # Two hash and 64 wait; whoever comes while others are done may find room again.
    assert len(answers) - len(refused) >= 66
    assert sorted(waits)[len(waits) // 2] < 0.25, waits
