"""The log under what happens to processes: kills, freezes, several writers at once; driven through the probe."""

import random
import shutil
import signal
import subprocess
import time

import pytest

import databases
from probe import Probe, acknowledged, assert_whole


@pytest.fixture(params=databases.KINDS)
def database(request, tmp_path):
    with databases.fresh(request.param, tmp_path) as url:
        yield url


def kill_again_and_again(url, rounds, chance):
    keys = []
    for number in range(rounds):
        probe = Probe("append", url, f"round{number}", 16, 30)
        try:
            probe.wait_for("A")
            time.sleep(chance.uniform(0, 0.3))
        finally:
            probe.kill()
        keys += acknowledged(probe.lines()[0])
    assert assert_whole(url, keys) > rounds


def test_a_killed_process_loses_nothing_that_was_acknowledged(database):
    kill_again_and_again(database, 5, random.Random(5))


@pytest.mark.soak
def test_a_hundred_kills(database):
    kill_again_and_again(database, 100, random.Random(100))


def write_and_tail(url, seconds, writers=2, callers=4, tails=4):
    Probe("check", url).lines()
    # They begin before and end after the writers, also where processes take their time to start.
    readers = [Probe("tail", url, seconds + 8) for _ in range(tails)]
    processes = [Probe("append", url, f"writer{number}", callers, seconds) for number in range(writers)]
    keys = []
    for process in processes:
        lines, errors = process.lines(seconds + 60)
        assert process.process.returncode == 0, errors
        assert not [line for line in lines if line.startswith("E")], lines[-5:]
        keys += acknowledged(lines)
    assert assert_whole(url, keys) == len(keys) > 100
    for reader in readers:
        lines, errors = reader.lines(seconds + 60)
        assert lines, errors
        last, faults, failures = map(int, lines[-1].split()[1:])
        assert (last, faults, failures) == (len(keys), 0, 0)
    return len(keys)


def test_readers_see_every_position_once_and_in_order_while_two_processes_write(database):
    write_and_tail(database, 4)


@pytest.mark.soak
def test_a_minute_of_writers_and_readers(database):
    print(write_and_tail(database, 60), "events in 60 s")


def test_a_thawed_holder_of_a_lease_cannot_write(database):
    Probe("check", database).lines()
    old = Probe("lease", database, "job", "old", 500)
    new = None
    try:
        token = int(old.wait_for("W")[1])
        old.process.send_signal(signal.SIGSTOP)
        new = Probe("lease", database, "job", "new", 60_000)
        taken = int(new.wait_for("W")[1])
        assert taken > token
        old.process.send_signal(signal.SIGCONT)
        assert old.wait_for("L") == ["L", "job"]
        # And it does not get it back while the other one holds it.
        assert int(new.wait_for("W")[1]) == taken
    finally:
        for probe in (old, new):
            if probe:
                probe.kill()


def test_a_full_disk_fails_appends_clearly_and_heals_by_itself(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("mounting a small disk takes a root user")
    try:
        ballast = folder / "ballast"
        ballast.write_bytes(b"x" * 1_000_000)
        url = f"sqlite:{folder}/log.db"
        probe = Probe("append", url, "full", 4, 12)
        said = []
        while not said or said[-1][0] != "E":
            said.append(probe.wait_for(""))
        assert "full" in " ".join(said[-1]), said[-1]
        reader = Probe("tail", url, 4)
        ballast.unlink()
        while said[-1][0] != "A":
            said.append(probe.wait_for(""))
        lines, errors = probe.lines()
        assert probe.process.returncode == 0, errors
        keys = [line[1] for line in said if line[0] == "A"] + acknowledged(lines)
        assert_whole(url, keys)
        last, faults, failures = map(int, reader.lines()[0][-1].split()[1:])
        assert last > 0 and (faults, failures) == (0, 0)
    finally:
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder, ignore_errors=True)
