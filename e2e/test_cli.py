"""The command line: what it prints, and the code it ends with."""

import json
import re
import signal
import socket
import subprocess
import time

import pytest

from server import BINARY, clean_environment, free_port

USAGE, BAD_CONFIGURATION = 64, 78


@pytest.fixture
def run(tmp_path):
    """Runs a command to its end, in an empty folder and without settings but those given."""
    def run(*arguments, **settings):
        return subprocess.run(
            [BINARY, *arguments], env=clean_environment(**settings), cwd=tmp_path, capture_output=True, text=True,
            timeout=60, stdin=subprocess.DEVNULL)
    return run


def test_version(run):
    done = run("version")
    assert done.returncode == 0
    assert re.match(r"heliograph \d+\.\d+\.\d+", done.stdout)


def test_help_lists_every_command(run):
    done = run("help")
    assert done.returncode == 0
    for command in ("serve", "config", "doctor", "version", "help"):
        assert command in done.stdout


@pytest.mark.parametrize("command", ["serve", "config", "doctor", "version"])
def test_each_command_has_help(run, command):
    done = run("help", command)
    assert done.returncode == 0 and command in done.stdout
    assert run(command, "--help").stdout == done.stdout


@pytest.mark.parametrize("arguments", [["dance"], ["serve", "--dance"], ["help", "dance"], ["config", "dance"]])
def test_wrong_usage_says_what_is_wrong(run, arguments):
    done = run(*arguments)
    assert done.returncode == USAGE
    assert "dance" in done.stderr and done.stdout == ""


def test_no_command_is_wrong_usage(run):
    done = run()
    assert done.returncode == USAGE and "serve" in done.stderr


def settings_of(document):
    """The settings of `config --json` by name, whichever way they are listed."""
    if isinstance(document, dict):
        document = document.get("settings", document)
    if isinstance(document, dict):
        return document
    return {one.get("environment") or one.get("env") or one["name"]: one for one in document}


def test_config_shows_each_setting_with_its_source(run):
    done = run("config", "--json", HELIOGRAPH_LISTEN="127.0.0.1:8123")
    assert done.returncode == 0, done.stderr
    settings = settings_of(json.loads(done.stdout))
    listen = next(one for name, one in settings.items() if "listen" in name.lower())
    assert listen["value"] == "127.0.0.1:8123"
    assert "env" in listen["source"].lower()
    assert any("default" in one["source"].lower() for one in settings.values())


def test_config_prints_a_table_that_documents_each_setting(run):
    done = run("config")
    assert done.returncode == 0
    assert "HELIOGRAPH_LISTEN" in done.stdout or "listen" in done.stdout


def test_all_bad_values_are_named_at_once(run):
    done = run("serve", HELIOGRAPH_LISTEN="nowhere", HELIOGRAPH_ENV="dreamland")
    assert done.returncode == BAD_CONFIGURATION
    assert "nowhere" in done.stderr and "dreamland" in done.stderr


def test_flags_are_stronger_than_the_environment_and_that_than_the_file(run, tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"listen": "127.0.0.1:1", "env": "production", "data": "${PLACE}/x"}))
    done = run(
        "config", "--json", "--listen", "127.0.0.1:3", HELIOGRAPH_CONFIG="settings.json", PLACE="/tmp/here",
        HELIOGRAPH_LISTEN="127.0.0.1:2", HELIOGRAPH_ENV="development")
    assert done.returncode == 0, done.stderr
    settings = settings_of(json.loads(done.stdout))
    values = [settings[name]["value"] for name in ("HELIOGRAPH_LISTEN", "HELIOGRAPH_ENV", "HELIOGRAPH_DATA")]
    assert values == ["127.0.0.1:3", "development", "/tmp/here/x"]


def test_unknown_keys_and_variables_are_named(run, tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"lisen": "127.0.0.1:1", "http": {"boddy": 1}}))
    done = run("config", HELIOGRAPH_CONFIG="settings.json", HELIOGRAPH_LISSEN="127.0.0.1:1")
    assert done.returncode == BAD_CONFIGURATION
    for word in ("lisen", "boddy", "HELIOGRAPH_LISSEN"):
        assert word in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"listen": {}}', '{"listen": "${GONE}"}'])
def test_a_broken_file_is_refused(run, tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    done = run("config", HELIOGRAPH_CONFIG="settings.json")
    assert done.returncode == BAD_CONFIGURATION
    assert "settings.json" in done.stderr or "the file" in done.stderr


def test_half_a_tls_configuration_is_refused(run, certificates):
    done = run("serve", HELIOGRAPH_LISTEN=f"127.0.0.1:{free_port()}", HELIOGRAPH_TLS_CERT=certificates.server[0])
    assert done.returncode == BAD_CONFIGURATION
    assert "TLS" in done.stderr


def test_a_missing_certificate_is_named(run):
    done = run(
        "serve", HELIOGRAPH_LISTEN=f"127.0.0.1:{free_port()}", HELIOGRAPH_TLS_CERT="gone.crt",
        HELIOGRAPH_TLS_KEY="gone.key")
    assert done.returncode != 0 and "gone." in done.stderr


def test_a_port_that_is_taken_is_named(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("serve", HELIOGRAPH_LISTEN=f"127.0.0.1:{port}")
    assert done.returncode not in (0, USAGE)
    assert str(port) in done.stderr


def test_doctor_looks_at_everything(run):
    done = run("doctor", "--json", HELIOGRAPH_LISTEN=f"127.0.0.1:{free_port()}")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.dumps(json.loads(done.stdout)).lower()
    for part in ("openssl", "nghttp2", "curl", "file", "clock", "disk"):
        assert part in report, part


def test_doctor_finds_a_taken_port(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run("doctor", HELIOGRAPH_LISTEN=f"127.0.0.1:{other.getsockname()[1]}")
    assert done.returncode != 0


def test_doctor_finds_missing_tls_files(run):
    done = run("doctor", HELIOGRAPH_TLS_CERT="gone.crt", HELIOGRAPH_TLS_KEY="gone.key")
    assert done.returncode != 0 and "gone.crt" in done.stdout + done.stderr


def test_a_secret_is_never_printed(run):
    secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U="
    done = run("config", "--json", ENCRYPTION_KEY=secret)
    assert secret not in done.stdout + done.stderr


def test_serve_says_where_it_listens(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [BINARY, "serve"], env=clean_environment(HELIOGRAPH_LISTEN=f"127.0.0.1:{port}"), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 40
        text = ""
        while f"127.0.0.1:{port}" not in text:
            assert time.monotonic() < deadline and process.poll() is None, text
            text += process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_benchmark_paths_are_not_there_unless_asked_for(start):
    import httpx

    server = start(HELIOGRAPH_BENCH=0)
    assert httpx.get(server.url("/bench/json"), timeout=30).status_code == 404
    assert httpx.get(server.url("/health"), timeout=30).status_code == 200


def test_as_many_loops_run_as_the_process_may_use_processors(tmp_path):
    """Not as many as the machine has: a container that is confined to one is better off with one."""
    import os
    import pathlib

    port = free_port()
    process = subprocess.Popen(
        ["taskset", "-c", str(min(os.sched_getaffinity(0))), BINARY, "serve"],
        env=clean_environment(HELIOGRAPH_LISTEN=f"127.0.0.1:{port}"), cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while (line := process.stdout.readline()) and f"127.0.0.1:{port}" not in line:
            pass
        assert line, "it ended before it listened"
        tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/comm")
        assert sorted(name for task in tasks if (name := task.read_text().strip()).startswith("loop-")) == ["loop-0"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
