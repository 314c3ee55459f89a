"""A model, tones and files to break, and pools that are stopped whatever happens."""

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.speech.audio.tracks import Track, tracks_of_file
from calltrackd.speech.engines.plan import VoskPlan
from calltrackd.speech.pool import Pool
from tests.speech import given

CACHE = Path(__file__).parents[3] / ".cache" / "speech"
WILD = (sys.executable, "-m", "tests.speech.engines.wild")
"""A worker whose engines do to vosk what ours never do."""


@pytest.fixture(scope="session")
def ru() -> Path:
    """The Russian fixture model."""
    return given.model("ru", CACHE)


@pytest.fixture
def plan(ru: Path) -> VoskPlan:
    """Vosk with it."""
    return VoskPlan(str(ru))


@pytest.fixture
def broken(ru: Path, tmp_path: Path) -> Path:
    """A copy of the model, to break something in it."""
    return Path(shutil.copytree(ru, tmp_path / "model"))


@pytest.fixture
def tracks() -> list[Track]:
    """Both sides of a call."""
    return tracks_of_file(given.call("ru_coffee_A"))


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Two children at most."""
    pool = Pool(2, nice=0)
    yield pool
    await pool.stop()


@pytest.fixture
async def single() -> AsyncIterator[Pool]:
    """One child, so that all lies on the same."""
    pool = Pool(1, nice=0)
    yield pool
    await pool.stop()


@pytest.fixture
async def wild() -> AsyncIterator[Pool]:
    """One child that can be driven mad."""
    pool = Pool(1, command=WILD, nice=0)
    yield pool
    await pool.stop()
