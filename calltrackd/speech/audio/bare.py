"""Files without a header: the name's ending tells how they are laid out."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.audio.shape import Shape

_ALAW, _ULAW = Shape("alaw", 8_000, 1), Shape("ulaw", 8_000, 1)
_LINEAR = Shape("pcm16", 8_000, 1)

ENDINGS: Mapping[str, Shape] = {
    **dict.fromkeys(("alaw", "al", "pcma"), _ALAW),
    **dict.fromkeys(("ulaw", "ul", "mu", "pcmu", "pcm"), _ULAW),
    **dict.fromkeys(("sln", "slin", "sln8", "raw", "r8"), _LINEAR),
    **{
        f"sln{khz}": Shape("pcm16", khz * 1_000, 1)
        for khz in (12, 16, 24, 32, 48, 96, 192)
    },
    "sln44": Shape("pcm16", 44_100, 1),
    "gsm": Shape("gsm", 8_000, 1),
}  # fmt: skip
"""By Asterisk's format modules and FreeSWITCH's native files; `.pcm` is µ-law to Asterisk."""

GSM_FRAME_BYTES, GSM_FRAME_SAMPLES = 33, 160

MIXED_BY = 0.2
"""Mono speech at 8 kHz is alike from one sample to the next (0.7 to 0.9), less so two apart; two
voices by turns are the reverse. The difference of the two correlations lies far from this."""


def shape_of(path: Path) -> Shape | None:
    """The layout that the ending stands for, None when it stands for none."""
    return ENDINGS.get(path.suffix.lower().removeprefix("."))


def may_be_stereo(path: Path) -> bool:
    """MixMonitor's option D writes both legs into one `.raw`, whose name does not tell."""
    return path.suffix.lower() == ".raw"


def is_interleaved(samples: NDArray[np.int16]) -> bool:
    """Whether the samples are those of two channels by turns. Shape (n,)."""
    wave = samples.astype(np.float64)
    wave -= wave.mean() if len(wave) else 0.0
    power = float(wave @ wave)
    if len(wave) < 3 or power == 0.0:
        return False
    next_one, next_two = wave[:-1] @ wave[1:], wave[:-2] @ wave[2:]
    return float(next_two - next_one) / power > MIXED_BY
