"""One side's sound as numbers a frame: power in two bands, and whether it is a machine's tone.

Two bands, since noise of the line lies mostly high and voiced speech low, while hum lies below
both. Fed block by block; what is kept of an hour is 3 MB.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.talk import tones
from calltrackd.speech.talk.spans import Mask

RATE = 8_000
"""Hz; all sides are brought to it before."""
FRAME = 80
"""Samples of a frame: 10 ms."""
FRAMES_A_SECOND = RATE // FRAME
CHUNK = 32 * FRAMES_A_SECOND
"""Frames that are worked on at a time."""
MARGIN = 16
"""Frames before and after a chunk that its outer frames are judged by."""
FULL_SCALE_DB = 90.3
"""Of a sample of 32768, so that levels are in dB below full scale."""

Power = NDArray[np.float32]


class SideFrames(msgspec.Struct):
    """What is known of each frame of a side."""

    low: Power
    """Mean square of 200-1000 Hz."""
    high: Power
    """Mean square of 300-4000 Hz, rising with the frequency."""
    tone: Mask
    """A steady tone or a pair of them: ringing, busy, a key, a beep of the hold music."""


def powers(wave: NDArray[np.float32], half: NDArray[np.float32]) -> tuple[Power, Power]:
    """Low and high band of whole frames; the first frame lacks the sample before it.

    `half`: the sums of every two samples of `wave`.
    """
    quarter = half[0::2] + half[1::2]
    quarter *= np.float32(0.25)
    return (
        _mean_squares(_risen(quarter, 0.9), FRAME // 4),
        _mean_squares(_risen(wave, 0.95), FRAME),
    )


def _risen(wave: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Each sample less a share of the one before it: low frequencies are weakened."""
    found = np.empty_like(wave)
    found[0] = 0
    np.multiply(wave[:-1], np.float32(share), out=found[1:])
    np.subtract(wave[1:], found[1:], out=found[1:])
    return found


def _mean_squares(wave: NDArray[np.float32], frame: int) -> Power:
    framed = wave.reshape(-1, frame)
    return np.asarray(np.einsum("ij,ij->i", framed, framed) / np.float32(frame))


def level_db(power: Power) -> NDArray[np.float32]:
    """Power as dB below full scale; digital silence is -90.3."""
    return np.asarray(10 * np.log10(power + 1) - FULL_SCALE_DB, dtype=np.float32)


class Framer:
    """Feed a side's samples (8 kHz, int16, (n,)) in any cut; `finish` gives its frames."""

    def __init__(self) -> None:
        self._held = [np.zeros(MARGIN * FRAME, np.int16)]
        self._holds = MARGIN * FRAME
        self._samples = 0
        self._done: list[SideFrames] = []

    def feed(self, samples: NDArray[np.int16]) -> None:
        """Take samples; work is done a chunk at a time."""
        self._held.append(samples)
        self._holds += len(samples)
        self._samples += len(samples)
        whole = (MARGIN + CHUNK + MARGIN) * FRAME
        if self._holds < whole:
            return
        held = np.concatenate(self._held)
        while len(held) >= whole:
            self._done.append(_framed(held[:whole], CHUNK))
            held = held[CHUNK * FRAME :]
        self._held, self._holds = [held], len(held)

    def finish(self) -> SideFrames:
        """The frames of all that was fed; the rest of a last torn frame is left out."""
        rest = self._samples // FRAME - CHUNK * len(self._done)
        held = np.concatenate([*self._held, np.zeros(MARGIN * FRAME, np.int16)])
        self._done.append(_framed(held[: (MARGIN + rest + MARGIN) * FRAME], rest))
        return SideFrames(
            low=np.concatenate([one.low for one in self._done]),
            high=np.concatenate([one.high for one in self._done]),
            tone=np.concatenate([one.tone for one in self._done]),
        )


def _framed(samples: NDArray[np.int16], count: int) -> SideFrames:
    """The `count` frames between the margins."""
    wave = samples.astype(np.float32)
    half = wave[0::2] + wave[1::2]
    low, high = powers(wave, half)
    inner = slice(MARGIN, MARGIN + count)
    return SideFrames(low[inner], high[inner], tones.found(half, low + high, inner)[inner])
