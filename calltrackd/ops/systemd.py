"""sd_notify(3) without a library: one datagram to the socket that systemd named.

Without systemd (no $NOTIFY_SOCKET) everything here does nothing, so the daemon need not ask.
"""

import os
import socket
import time
from collections.abc import Mapping

import structlog

_log = structlog.get_logger(__name__)


class Notifier:
    """Tells systemd how the daemon is. `environ`: where systemd left its variables."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._deaf = False
        self.watchdog_s = _watchdog(environ)
        """Kick at this interval (half of WatchdogSec), seconds; None: nobody watches."""

    def ready(self, status: str) -> None:
        """Started, or done with a reload."""
        self._send("READY=1", f"STATUS={status}")

    def status(self, text: str) -> None:
        """The line that `systemctl status` shows."""
        self._send(f"STATUS={text}")

    def reloading(self) -> None:
        """SIGHUP was taken; `ready` ends it. Type=notify-reload wants the moment in µs."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """SIGTERM was taken."""
        self._send("STOPPING=1", "STATUS=stopping")

    def watchdog(self) -> None:
        """Alive. Say it only while loop and store writer are."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(message, self._address)
        except OSError as error:  # a deaf systemd is no reason to lose calls
            if not self._deaf:
                _log.warning("systemd cannot be told", error=error)
            self._deaf = True
        else:
            self._deaf = False


def _address(path: str) -> str | None:
    """The socket's address; a leading @ stands for the NUL of an abstract one."""
    if path.startswith("@"):
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Half of WATCHDOG_USEC, if it is meant for this process (sd_watchdog_enabled(3))."""
    usec = environ.get("WATCHDOG_USEC", "")
    pid = environ.get("WATCHDOG_PID", "") or str(os.getpid())
    if not usec.isdigit() or int(usec) == 0 or pid != str(os.getpid()):
        return None
    return int(usec) / 2_000_000
