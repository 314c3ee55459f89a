"""README's five minutes on Debian testing: its Asterisk, its systemd, its Python, as installed."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from tests.lab.packages import Unavailable
from tests.machine.box import CHECKOUT, Box, a_box
from tests.machine.readme import blocks, by_hand

pytestmark = pytest.mark.machine
TRUNK_AND_PHONE = (CHECKOUT / "tests/machine/pjsip.conf").read_text()
DIALPLAN = """
[from-provider]
exten => _X.,1,Dial(PJSIP/101,30,t)
 same => n,Hangup()
"""
TOML = "/etc/calltrackd/calltrackd.toml"
EDITED = f"sed -i 's#^url = .*#url = \"http://127.0.0.1:9000/\"\\nallow_private = true#' {TOML}"
"""The CRM's address; nobody listens there."""
UP = "0 calls; up: office"
FROZEN_S = 60.0
"""WatchdogSec is 30."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """The machine after all five steps."""
    if not os.environ.get("CALLTRACKD_MACHINE"):
        pytest.skip("a whole Debian has a target of its own: make machine")
    program, *steps = blocks("Install it on a PBX: five minutes")
    try:
        with a_box(tmp_path_factory.mktemp("machine"), f"cd /opt/checkout\n{program}") as box:
            for step in steps:
                box.run(f"set -e; cd /opt/checkout\n{by_hand(step, EDITED)}")
            yield box
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def running(box: Box) -> Iterator[Box]:
    """The machine whose daemon runs, whatever the test does to it and its settings."""
    box.run(f"cp -p {TOML} {TOML}.good")
    yield box
    box.run(f"cp -p {TOML}.good {TOML}")
    box.run("systemctl reset-failed calltrackd; systemctl restart calltrackd")


def test_the_daemon_is_attached_when_systemd_says_started(box: Box) -> None:
    """Type=notify: `enable --now` comes back when it works, and STATUS tells of what."""
    assert box.show("calltrackd", "ActiveState") == "active"
    box.until("calltrackd", "StatusText", UP)


def test_the_doctor_finds_no_error(box: Box) -> None:
    """A PBX as Debian installs it: its user has the rights, its filters stand."""
    assert "0 errors" in box.run("sudo -u calltrackd /usr/local/bin/calltrackd doctor || true")


def test_calls_are_recorded(box: Box) -> None:
    """A trunk and a phone are added to Debian's own files, and two clients call."""
    box.run("cat >> /etc/asterisk/pjsip.conf <<'C'\n" + TRUNK_AND_PHONE + "\nC")
    box.run("cat >> /etc/asterisk/extensions.conf <<'C'\n" + DIALPLAN + "\nC")
    box.run("systemctl restart asterisk; asterisk -rx 'core waitfullybooted'")
    box.until("calltrackd", "StatusText", UP)
    box.beside("tests.machine.calling")
    time.sleep(1.0)
    calls = [json.loads(line) for line in box.run("calltrackd calls list --json").splitlines()]
    assert [(one["outcome"], one["operators"]) for one in calls] == [("answered", ["101"])] * 2
    assert {one["source"]["source"] for one in calls} == {"google"}


def test_killed_and_started_again(running: Box) -> None:
    """Restart=on-failure."""
    running.run("kill -9 $(systemctl show calltrackd -p MainPID --value)")
    running.until("calltrackd", "NRestarts", "1")
    running.until("calltrackd", "StatusText", UP)


def test_frozen_and_started_again(running: Box) -> None:
    """A daemon that does not move any more is no daemon: WatchdogSec."""
    before = int(running.show("calltrackd", "NRestarts"))
    running.run("kill -STOP $(systemctl show calltrackd -p MainPID --value)")
    running.until("calltrackd", "NRestarts", str(before + 1), FROZEN_S)
    assert "Watchdog timeout" in running.run("journalctl -u calltrackd -n 50")


def test_bad_settings_are_not_reloaded(running: Box) -> None:
    """The old ones hold, the journal tells the line."""
    running.run(f'sed -i \'s/^name = "office"/nam = "office"/\' {TOML}')
    running.run("systemctl reload calltrackd; sleep 1")
    assert running.show("calltrackd", "ActiveState") == "active"
    assert "did you mean name?" in running.run("journalctl -u calltrackd -n 5 -o cat")


def test_a_wrong_password_is_not_tried_again(running: Box) -> None:
    """Exit code 78 stops systemd too: the PBX would ban this host."""
    running.run(f'sed -i \'s/^secret_file = "ami.*/secret = "x"/\' {TOML}')
    running.run("systemctl restart calltrackd || true")
    running.until("calltrackd", "ActiveState", "failed")
    assert running.show("calltrackd", "ExecMainStatus") == "78"
    assert running.show("calltrackd", "NRestarts") == "0"


def test_the_password_as_a_credential(running: Box) -> None:
    """LoadCredential hands over what root alone may read."""
    secret = "/etc/calltrackd/ami.secret"
    running.run(f"chown root: {secret}; chmod 600 {secret}")
    running.run(f'sed -i \'s/^secret_file = "ami.*/secret_credential = "ami"/\' {TOML}')
    running.run("systemctl restart calltrackd")
    running.until("calltrackd", "StatusText", UP)
    running.run(f"chgrp calltrackd {secret}; chmod 640 {secret}")


def test_little_is_open(box: Box) -> None:
    """`systemd-analyze security`: 1.5 and below of 10."""
    box.run("systemd-analyze security --threshold=15 --offline=no calltrackd")


def test_it_stops_within_a_moment(running: Box) -> None:
    """SIGTERM is enough: TimeoutStopSec is never needed."""
    running.run("systemctl stop calltrackd")
    assert running.show("calltrackd", "Result") == "success"
