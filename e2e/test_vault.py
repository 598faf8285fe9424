"""The keys of stored secrets, and the log of who did what: made, watched, rotated, checked; beside a running server."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time

import httpx
import pytest

import databases
from server import BINARY, clean_environment

ONE, TWO = "0a" * 32, "0b" * 32


def command(server, *arguments, **settings):
    """A command with the settings of a server."""
    environment = server.environment | {key: str(value) for key, value in settings.items()}
    return subprocess.run(
        [BINARY, *arguments], env=environment, cwd=server.folder, capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL)


def wait_for(server, pattern, seconds=30):
    """The log, once it says something."""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, server.log_tail(100_000)):
        assert time.monotonic() < deadline, f"no {pattern} in:\n{server.log_tail()}"
        time.sleep(0.02)
    return server.log_tail(100_000)


def part(server, name):
    parts = httpx.get(server.url("/health"), timeout=30).json()["data"]["parts"]
    return next(part for part in parts if part["name"] == name)


def wait_for_part(server, name, status):
    """A part of the health, once it is so: the log may say it a moment before."""
    deadline = time.monotonic() + 20
    while (found := part(server, name))["status"] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def keys(server):
    """The numbers of the keys in the file, the current one first."""
    lines = (server.folder / "data/encryption.keys").read_text().splitlines()
    return [int(line.split(":")[0]) for line in lines if not line.startswith("#")]


@pytest.fixture(params=databases.KINDS)
def node(request, start, tmp_path):
    """A server over each database."""
    with databases.fresh(request.param, tmp_path) as url:
        yield start(DATABASE_URL=url)


def test_a_key_is_made_once_for_its_owner_alone_and_never_logged(start):
    server = start()
    file = server.folder / "data/encryption.keys"
    assert file.stat().st_mode & 0o777 == 0o600
    log = wait_for(server, "made a key")
    assert "encryption.keys" in log
    secret = re.search(r"^1:([0-9a-f]{64})", file.read_text(), re.M)[1]
    assert secret not in log
    assert part(server, "vault")["status"] == "ok"
    assert server.stop() == 0
    server.start()
    assert secret in file.read_text()
    assert server.log_tail(100_000).count("made a key") == 1


def test_production_without_a_key_does_not_start(tmp_path):
    done = subprocess.run(
        [BINARY, "serve"], env=clean_environment(HELIOGRAPH_ENV="production", HELIOGRAPH_LISTEN="127.0.0.1:0"),
        cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ENCRYPTION_KEY" in done.stderr and "production" in done.stderr
    assert not (tmp_path / "data/encryption.keys").exists()


def test_the_doctor_tells_of_missing_keys(tmp_path):
    for settings, code, word in (({}, 0, "will be made"), ({"HELIOGRAPH_ENV": "production"}, 1, "ENCRYPTION_KEY")):
        done = subprocess.run(
            [BINARY, "doctor", "--listen", "127.0.0.1:0"], env=clean_environment(**settings), cwd=tmp_path,
            capture_output=True, text=True, timeout=60)
        assert done.returncode == code and word in done.stdout, done.stdout


def test_production_with_a_key_starts_and_makes_none(start):
    server = start(HELIOGRAPH_ENV="production", ENCRYPTION_KEY=ONE)
    assert part(server, "vault")["status"] == "ok"
    assert not (server.folder / "data/encryption.keys").exists()
    assert ONE not in server.log_tail(100_000)


def test_another_key_under_the_same_number_is_refused(start):
    server = start(ENCRYPTION_KEY=ONE)
    assert server.stop() == 0
    done = command(server, "serve", ENCRYPTION_KEY=TWO)
    assert done.returncode == 1
    assert "encryption key 1 is not the one" in done.stderr
    assert ONE not in done.stderr and TWO not in done.stderr


def test_keys_are_rotated_beside_a_server_that_learns_of_them_by_itself(node):
    assert keys(node) == [1]
    # The server looks once a second; on a busy machine later.
    done = command(node, "rotate-keys", "--new-key", "--pause", "4", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["complete"], report["currentKey"], report["newKey"], report["oldKeys"]) == (True, 2, 2, [1])
    assert keys(node) == [2, 1]
    log = wait_for(node, '"current":2')
    # It could open with the new key before it sealed with it.
    assert re.findall(r'"current":(\d+),"keys":"([^"]*)"', log) == [("1", "1 2"), ("2", "2 1")]
    done = command(node, "rotate-keys", "--remove-old", "--pause", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "removed key 1" in done.stdout and "complete" in done.stdout
    assert keys(node) == [2]
    wait_for(node, '"keys":"2"')
    wait_for_part(node, "vault", "ok")
    done = command(node, "audit", "list", "--json")
    entries = json.loads(done.stdout)["entries"]
    assert [entry["action"] for entry in entries][::-1] == [
        "keys.add", "keys.promote", "keys.rotate", "keys.remove", "keys.rotate"]
    done = command(node, "audit", "verify", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["intact"] and report["entries"] == 5
    assert command(node, "audit", "verify", "--anchor", f"5:{report['hash']}").returncode == 0
    assert command(node, "audit", "verify", "--anchor", f"5:{'0' * 64}").returncode == 1


def test_keys_of_the_environment_are_left_to_the_operator(start):
    server = start(ENCRYPTION_KEYS=f"2:{TWO},1:{ONE}")
    done = command(server, "rotate-keys")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "old keys (1) are not needed any more: drop them from ENCRYPTION_KEYS" in done.stdout
    for flag in ("--new-key", "--remove-old"):
        done = command(server, "rotate-keys", flag)
        assert done.returncode == 1 and "ENCRYPTION_KEYS" in done.stderr


def test_rotating_makes_no_key_where_there_is_none(start):
    server = start()
    os.rename(server.folder / "data/encryption.keys", server.folder / "elsewhere")
    done = command(server, "rotate-keys", "--new-key")
    assert done.returncode == 1 and "encryption.keys" in done.stderr
    assert not (server.folder / "data/encryption.keys").exists()


def test_an_old_key_degrades_health(start, tmp_path):
    file = tmp_path / "old.keys"
    file.write_text(f"4:{ONE} 2020-01-01T00:00:00Z\n")
    file.chmod(0o600)
    server = start(HELIOGRAPH_ENCRYPTION_KEY_FILE=file)
    vault = part(server, "vault")
    assert vault["status"] == "degraded" and "key 4" in vault["reason"] and "rotate-keys" in vault["reason"]
    age = re.search(r"^vault_key_age_seconds (\S+)$", httpx.get(server.url("/metrics"), timeout=30).text, re.M)[1]
    assert float(age) > 5 * 365 * 86_400
    server = start(HELIOGRAPH_ENCRYPTION_KEY_FILE=file, HELIOGRAPH_VAULT_ROTATE_AFTER="3650d")
    assert part(server, "vault")["status"] == "ok"


def test_a_file_that_is_spoiled_changes_nothing_and_is_told(start):
    server = start()
    file = server.folder / "data/encryption.keys"
    file.chmod(0o644)
    wait_for(server, "the keys cannot be read")
    assert "0600" in wait_for_part(server, "vault", "degraded")["reason"]
    file.chmod(0o600)
    wait_for(server, "can be read again")
    wait_for_part(server, "vault", "ok")


def test_keys_of_the_settings_file_are_read_anew_on_a_signal(start, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"encryption_keys": f"1:{ONE}"}))
    server = start(HELIOGRAPH_CONFIG=settings)
    settings.write_text(json.dumps({"encryption_keys": f"2:{TWO},1:{ONE}"}))
    server.send(signal.SIGHUP)
    assert '"keys":"2 1"' in wait_for(server, "reloaded")
    settings.write_text(json.dumps({"encryption_keys": f"2:{ONE}"}))
    server.send(signal.SIGHUP)
    assert "encryption key 2 is not the one" in wait_for(server, "reload failed")
    assert server.is_running


def test_what_is_changed_in_the_audit_log_shows(start):
    server = start()
    assert command(server, "audit", "verify").stdout.startswith("0 entries, all hold")
    for _ in range(3):
        assert command(server, "rotate-keys").returncode == 0
    done = command(server, "audit", "verify")
    assert done.returncode == 0 and done.stdout.startswith("3 entries, all hold\nhead 3:"), done.stdout
    assert len(command(server, "audit", "list", "--limit", "2").stdout.splitlines()) == 2
    with sqlite3.connect(server.folder / "data/heliograph.db") as database:
        database.execute("UPDATE audit SET actor = 'user:1' WHERE number = 2")
    done = command(server, "audit", "verify", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert (report["intact"], report["entries"], report["broken"]) == (False, 1, "altered")
    done = command(server, "audit", "verify")
    assert done.returncode == 1 and "entry 2 is not as it was written" in done.stdout


@pytest.mark.parametrize("arguments", [
    ["audit"], ["audit", "dance"], ["audit", "list", "--limit", "0"], ["audit", "verify", "--anchor", "1"],
    ["rotate-keys", "--pause", "0"], ["rotate-keys", "--dance"]])
def test_wrong_usage_ends_with_64(arguments, tmp_path):
    done = subprocess.run(
        [BINARY, *arguments], env=clean_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and done.stderr


@pytest.mark.parametrize("arguments", [["audit", "verify"], ["rotate-keys"]])
def test_a_database_that_is_not_there_is_not_made(arguments, tmp_path):
    done = subprocess.run(
        [BINARY, *arguments], env=clean_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "heliograph.db" in done.stderr
    assert not (tmp_path / "data").exists()
