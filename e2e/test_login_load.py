"""Many who sign in at once cost a bounded part of the machine: others are served meanwhile."""

import json
import threading
import time

import httpx

from raw import Raw

CROWD = 150


def login(number):
    """A login of somebody who is not there."""
    body = json.dumps({"username": f"nobody-{number}", "password": "a long enough password"}).encode()
    return (
        f"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n").encode() + body


def test_a_crowd_of_logins_leaves_room_for_others(start):
    server = start()
    crowd = [Raw(server, timeout=60) for _ in range(CROWD)]
    requests = [login(number) for number in range(CROWD)]
    answers, waits = [], []
    reader = threading.Thread(target=lambda: answers.extend(one.answer() for one in crowd), daemon=True)
    with httpx.Client(trust_env=False, timeout=30) as other:
        other.get(server.url("/bench/json"))
        # From one thread: they have to be there before the first ones are through, also where that is soon.
        for one, request in zip(crowd, requests):
            one.send(request)
        reader.start()
        while reader.is_alive():
            begin = time.monotonic()
            assert other.get(server.url("/bench/json")).status_code == 200
            waits.append(time.monotonic() - begin)
    assert len(answers) == CROWD
    for one in crowd:
        one.socket.close()
    statuses = {answer.status for answer in answers}
    assert statuses == {401, 503}, statuses
    refused = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    # Two hash and 64 wait; whoever comes while others are done may find room again.
    assert len(answers) - len(refused) >= 66
    assert sorted(waits)[len(waits) // 2] < 0.5, waits
