"""A running PBX for tests: where none can be had they are skipped, but in CI that is a failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.packages import Unavailable


def missing(version: int, reason: Unavailable) -> NoReturn:
    """Skip the test with the reason; in CI raise it."""
    if os.environ.get("CI"):
        raise reason
    pytest.skip(f"no Asterisk {version} here: {reason}")


@contextmanager
def running(version: int, folder: Path) -> Iterator[Asterisk]:
    """Asterisk 22 or 16 with its home in `folder`, stopped at the end of the block."""
    asterisk = Asterisk(version, folder)
    try:
        asterisk.start()
    except Unavailable as reason:
        missing(version, reason)
    try:
        yield asterisk
    finally:
        asterisk.stop()
