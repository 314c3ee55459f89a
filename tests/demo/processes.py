"""No process is left behind: whoever comes from here is ended with us, orphans too (Linux)."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a request to end, and a terminal that was closed."""
PATIENCE_S = 5.0
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Children whose parent dies become ours, so that they can be found at the end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def obey_signals() -> None:
    """Every request to end is a KeyboardInterrupt."""
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)


def end_all() -> None:
    """Nothing more can interrupt us; what still lives below us is asked to end, then killed."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    for blow in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE_S
        _strike(blow)
        while list(_descendants()) and time.monotonic() < deadline:
            _reap()
            time.sleep(0.02)


def say(text: str) -> None:
    """Prints; a terminal that is gone is forgotten."""
    try:
        print(text, flush=True)  # noqa: T201 - the demo's output
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _strike(blow: signal.Signals) -> None:
    for pid in _descendants():
        with suppress(ProcessLookupError):
            os.kill(pid, blow)


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants() -> Iterator[int]:
    """Pids of all that live below this process, grandchildren included."""
    parents = dict(_parents())
    for pid in parents:
        above = parents.get(pid, 0)
        while above > 1 and above != os.getpid():
            above = parents.get(above, 0)
        if above == os.getpid():
            yield pid


def _parents() -> Iterator[tuple[int, int]]:
    """Pid and parent of every process that is no zombie."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                yield int(stat.parent.name), int(parent)
