"""sd_notify without a library."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from calltrackd.ops.systemd import Notifier


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd would listen on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(2)
        yield ear


def test_states_are_told_in_systemds_words(ear: socket.socket) -> None:
    """READY, STATUS, WATCHDOG and STOPPING are one datagram each."""
    notifier = Notifier({"NOTIFY_SOCKET": ear.getsockname()})
    notifier.ready("2 links up")
    notifier.status("3 calls\nnow")
    notifier.watchdog()
    notifier.stopping()
    assert [ear.recv(500) for _ in range(4)] == [
        b"READY=1\nSTATUS=2 links up",
        b"STATUS=3 calls now",
        b"WATCHDOG=1",
        b"STOPPING=1\nSTATUS=stopping",
    ]


def test_reloading_bears_the_monotonic_moment(ear: socket.socket) -> None:
    """Type=notify-reload ignores RELOADING without MONOTONIC_USEC."""
    Notifier({"NOTIFY_SOCKET": ear.getsockname()}).reloading()
    first, second = ear.recv(500).decode().split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_abstract_socket_is_reached() -> None:
    """A name that begins with @ is an abstract socket."""
    name = f"calltrackd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(2)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).watchdog()
        assert ear.recv(100) == b"WATCHDOG=1"


def test_without_systemd_nothing_is_sent() -> None:
    """No $NOTIFY_SOCKET: silence, and no watchdog."""
    notifier = Notifier({})
    with capture_logs() as logged:
        notifier.ready("x")
    assert logged == []
    assert notifier.watchdog_s is None


def test_deaf_systemd_is_logged_once(tmp_path: Path) -> None:
    """A socket that is gone costs a log line, not the daemon."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with capture_logs() as logged:
        notifier.watchdog()
        notifier.watchdog()
    assert [line["event"] for line in logged] == ["systemd cannot be told"]


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog_is_kicked_at_half_its_time(
    environ: dict[str, str], interval: float | None
) -> None:
    """Half of WATCHDOG_USEC, in seconds, when it is meant for this process."""
    assert Notifier(environ).watchdog_s == interval
