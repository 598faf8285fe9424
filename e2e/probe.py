"""The probe: a process of its own that appends to the log, follows it, checks it, or holds a lease."""

import subprocess

from server import ROOT

PROBE = ROOT / ".build/release/logprobe"


class Probe:
    """One process of the probe."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [PROBE, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def lines(self, timeout=90):
        """Everything it said, once it has ended."""
        output, errors = self.process.communicate(timeout=timeout)
        # A killed process may leave half a line: what it did not say to the end is not acknowledged.
        whole = output[: output.rfind("\n") + 1]
        return whole.splitlines(), errors

    def wait_for(self, kind):
        """The next line of a kind, in words."""
        for line in self.process.stdout:
            if line.startswith(kind):
                return line.split()
        raise AssertionError(f"it ended without a line {kind}: {self.process.stderr.read()}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def acknowledged(lines):
    """The keys of the events that are durable."""
    return [line.split()[1] for line in lines if line.startswith("A ")]


def check(url, keys):
    """What the probe finds: events, missing keys, doubled keys, holes, damage."""
    done = subprocess.run(
        [PROBE, "check", url], input="\n".join(keys), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(zip(("events", "missing", "doubled", "holes", "damage"), map(int, done.stdout.split()[1:])))


def assert_whole(url, keys):
    """Every acknowledged event is there once, and there are no holes; returns how many events there are."""
    found = check(url, keys)
    assert found["events"] >= len(keys)
    assert (found["missing"], found["doubled"], found["holes"], found["damage"]) == (0, 0, 0, 0), found
    return found["events"]
