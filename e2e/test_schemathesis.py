"""What schemathesis makes of the document: any request that it can think of gets an answer that the document knows."""

import os
import subprocess
import sys

import pytest

from realm import Realm

# These would lock the tester out, or never end.
LEFT_OUT = {"logout", "changePassword", "revokeKey", "openWebSocket"}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture
def realm(tmp_path):
    with Realm.running(tmp_path / "schema", HELIOGRAPH_BENCH=0) as realm:
        yield realm


def run(realm, tmp_path, examples, seconds, seed):
    """Sends what it thinks of, as a key of an administrator, and returns what it found."""
    # The tester's own user has number 1 and its key is not guessed; deleting others is fair.
    key = realm.key()
    config = tmp_path / "schemathesis.toml"
    config.write_text("".join(
        f'[[operations]]\ninclude-operation-id = "{name}"\nenabled = false\n' for name in sorted(LEFT_OUT)))
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", realm.url("/openapi.json"),
        "--checks", CHECKS, "--max-examples", str(examples), "--phases", "examples,coverage,fuzzing",
        "--seed", str(seed), "--generation-database", "none", "--no-color", "--request-timeout", "70",
        "--header", key_header(key)]
    done = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, timeout=seconds,
        env=os.environ | {"SCHEMATHESIS_HOOKS": ""})
    assert realm.is_running, realm.log_tail()
    assert key.get("/api/v1/auth/me").status_code == 200, "the tester was locked out"
    return done


def key_header(key):
    return f"Authorization: {key.headers['authorization']}"


@pytest.mark.timeout(420)
def test_every_answer_is_one_that_the_document_knows(realm, tmp_path):
    done = run(realm, tmp_path, examples=40, seconds=400, seed=1)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2000:]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_every_answer_is_one_that_the_document_knows_for_long(realm, tmp_path):
    done = run(realm, tmp_path, examples=300, seconds=1700, seed=int.from_bytes(os.urandom(4)))
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2000:]
