"""Frames do not depend on how the sound came in."""

import numpy as np
import pytest

from tests.speech.talk.sounds import framed, line, tone, voice


@pytest.mark.parametrize("cut", [7, 799, 128_000, 10**6])
def test_any_cut_gives_the_same_frames(cut: int) -> None:
    """Half a minute, over a border of chunks, with a tone across it."""
    wave = line(34.0, (1.0, voice(3.0)), (15.5, tone(1.0, 425)), (20.0, voice(10.0)))
    once, again = framed(wave), framed(wave, cut)
    assert np.array_equal(once.low, again.low)
    assert np.array_equal(once.high, again.high)
    assert np.array_equal(once.tone, again.tone)


@pytest.mark.parametrize("count", [0, 1, 79, 80, 81, 800, 127_999, 128_000, 128_080])
def test_whole_frames_are_counted(count: int) -> None:
    """Also of next to nothing, and where a chunk ends."""
    side = framed(np.zeros(count))
    assert len(side.low) == len(side.high) == len(side.tone) == count // 80


def test_a_tone_over_a_border_of_chunks_is_one_tone() -> None:
    """A chunk's outer frames are judged with their neighbours."""
    side = framed(line(20.0, (15.5, tone(1.0, 425))))
    assert side.tone[1_552:1_648].all()
    assert not side.tone[:1_500].any()
