"""Where one side holds speech, by itself alone: for engines that should not listen to silence.

The other side is not asked, so an echo counts; the talk map (talk/) is the one that gates it.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.audio.resample import Resampler
from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.talk.frames import FRAMES_A_SECOND, RATE, Framer
from calltrackd.speech.talk.talkmap import alone


def spans(samples: NDArray[np.int16], rate: int) -> list[tuple[float, float]]:
    """Seconds from the first sample, (start, end) of each stretch. `samples`: (n,).

    Pauses of up to 200 ms are within a stretch. ValueError: no rate of speech.
    """
    resampler = Resampler(rate, RATE)
    blocks = (samples[first : first + rate] for first in range(0, len(samples), rate))
    return _spans([*(resampler.feed(block) for block in blocks), resampler.finish()])


def speech_spans(track: Track) -> list[tuple[float, float]]:
    """The same of a track, seconds from the first sample that it gives. AudioError, blocking."""
    return _spans(track.at_rate(RATE))


def _spans(blocks: Iterable[NDArray[np.int16]]) -> list[tuple[float, float]]:
    framer = Framer()
    for block in blocks:
        framer.feed(block)
    starts, ends = alone(framer.finish())
    return [
        (first / FRAMES_A_SECOND, last / FRAMES_A_SECOND)
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
