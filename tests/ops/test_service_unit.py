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
