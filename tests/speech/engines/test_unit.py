"""Children under the systemd unit's restrictions, and what they do without an engine."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.plan import VoskPlan
from calltrackd.speech.errors import RefusedError
from calltrackd.speech.pool import Pool
from calltrackd.speech.talk import talkmap

HARDENED = (sys.executable, "-m", "tests.speech.engines.hardened")


def refusing_kernel() -> bool:
    """Whether this kernel can forbid executable memory (Linux 6.3)."""
    code = "import sys; from tests.speech.engines.hardened import refuse; sys.exit(not refuse())"
    return subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.fixture
async def hardened() -> AsyncIterator[Pool]:
    """A child that may not make memory executable."""
    if not refusing_kernel():
        pytest.skip("this kernel can't refuse executable memory")
    pool = Pool(1, command=HARDENED, nice=0)
    yield pool
    await pool.stop()


async def test_vosk_works_without_executable_memory(
    hardened: Pool, plan: VoskPlan, tracks: list[Track]
) -> None:
    """MemoryDenyWriteExecute=yes of the unit costs no transcript."""
    heard = await hardened.transcribe(plan, "ru", tracks, limit_s=120)
    assert any("мастер" in turn.text for turn in heard.turns)


async def test_talk_map_of_a_child_is_that_of_the_library(pool: Pool, tracks: list[Track]) -> None:
    """It is drawn where a broken file can't harm calls, and comes whole."""
    assert await pool.talk_map(tracks) == talkmap.of_tracks(tracks)


async def test_talk_map_of_a_file_that_vanished_is_refused(
    pool: Pool, tracks: list[Track], tmp_path: Path
) -> None:
    """With the reason; the child goes on."""
    gone = [
        Track(
            path=tmp_path / "gone.wav",
            shape=track.shape,
            party=track.party,
            duration_s=track.duration_s,
        )
        for track in tracks
    ]
    with pytest.raises(RefusedError, match="no audio that we know"):
        await pool.talk_map(gone)
    assert pool.deaths == 0
