"""systemd/calltrackd.service."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "calltrackd.service"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSURE = 1.5
"""Of 10, by `systemd-analyze security`; below 2 it calls a service OK."""


def settings() -> dict[str, list[str]]:
    """Key -> its values, in the unit's order."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_wrong_password_and_wrong_settings_are_not_tried_again() -> None:
    """A restart would only bring the host into fail2ban, or into a loop."""
    assert settings()["RestartPreventExitStatus"] == ["2 78"]
    assert settings()["Restart"] == ["on-failure"]


def test_stop_leaves_the_daemon_its_ten_seconds() -> None:
    """Systemd must not kill what still commits."""
    assert int(settings()["TimeoutStopSec"][0]) > 10


def test_daemon_tells_its_state_and_is_watched() -> None:
    """READY, reload by SIGHUP, watchdog: what ops/systemd.py speaks."""
    found = settings()
    assert found["Type"] == ["notify"]
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert int(found["WatchdogSec"][0]) >= 10


NEEDED = {
    "memfd_create", "prctl", "prlimit64", "setpriority",
    "setsid", "kill", "vfork", "pipe2", "select",
}  # fmt: skip
"""What the daemon calls to start, watch and end the children that listen, and they to give way."""


def calls_of(group: str) -> set[str]:
    """The system calls of one of systemd's groups, or the call itself."""
    if not group.startswith("@"):
        return {group}
    done = subprocess.run(
        [str(ANALYZE), "syscall-filter", "--no-pager", group],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = (line.strip() for line in done.stdout.splitlines()[1:])
    return set().union(*(calls_of(one) for one in lines if one and not one.startswith("#")))


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_children_that_listen_may_do_what_they_do() -> None:
    """The filter, line by line: the first allows, those with ~ take away, others add."""
    allowed: set[str] = set()
    for line in settings()["SystemCallFilter"]:
        named = set().union(*(calls_of(one) for one in line.removeprefix("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert NEEDED - allowed == set()


def test_child_that_takes_too_much_memory_does_not_end_the_daemon() -> None:
    """The kernel takes the child; what it was at is tried again."""
    assert settings()["OOMPolicy"] == ["continue"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_unit_is_hardened() -> None:
    """The exposure that systemd itself counts stays low."""
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=yes", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for calltrackd.service: ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= MOST_EXPOSURE
