"""Fixtures that more than one folder uses, and who runs beside whom; a plugin holds one noun."""

import os
import signal

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.postgresql"]

LIVE = ("tests/live/", "tests/crash/", "tests/doctor/test_live.py")

for name in ("COLUMNS", "LINES"):  # xdist gives its workers those of the terminal
    os.environ.pop(name, None)

# Started in the background by a shell, tests and all whom they start would not hear Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


class OnePbx(LoadScopeScheduling):
    """Tests of a live PBX one after the other: it, its phones and the daemon fill a core."""

    def _split_scope(self, nodeid: str) -> str:
        return "live" if nodeid.startswith(LIVE) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OnePbx:
    """How `-n` shares the tests out."""
    return OnePbx(config, log)
