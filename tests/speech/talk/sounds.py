"""Voices, tones and noise made for one test."""

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.talk.frames import Framer, SideFrames
from calltrackd.speech.talk.talkmap import TalkMap, Voice, talk_map

RATE = 8_000
Wave = NDArray[np.float64]


def noise(seconds: float, peak: float = 20.0, seed: int = 1) -> Wave:
    """A quiet line."""
    return np.random.default_rng(seed).normal(0, peak, round(seconds * RATE))


def tone(seconds: float, *hz: float, peak: float = 4_000.0) -> Wave:
    """One or more sines."""
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * one * at) for one in hz) * (peak / len(hz)))


def voice(seconds: float, peak: float = 4_000.0, pitch: float = 120.0) -> Wave:
    """Something like speech: harmonics of a pitch that moves, syllables four a second."""
    at = np.arange(round(seconds * RATE)) / RATE
    turn = 2 * np.pi * np.cumsum(pitch * (1 + 0.15 * np.sin(2 * np.pi * 2.3 * at))) / RATE
    sound = sum(np.sin(n * turn) / n for n in range(1, 20))
    return np.asarray(sound * peak * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * at)))


def line(seconds: float, *sounds: tuple[float, Wave], seed: int = 1) -> Wave:
    """A quiet line on which sounds begin at given seconds."""
    wave = noise(seconds, seed=seed)
    for begin, sound in sounds:
        first = round(begin * RATE)
        wave[first : first + len(sound)] += sound
    return wave


def framed(wave: Wave, cut: int = RATE) -> SideFrames:
    """Its frames, fed in blocks of `cut` samples."""
    samples = np.clip(np.rint(wave), -32_768, 32_767).astype(np.int16)
    framer = Framer()
    for first in range(0, len(samples), cut):
        framer.feed(samples[first : first + cut])
    return framer.finish()


def mapped(operator: Wave, caller: Wave) -> TalkMap:
    """The map of two lines that begin together."""
    return talk_map(Voice(framed(operator)), Voice(framed(caller)))


def times(found: TalkMap, side: str) -> list[tuple[float, float]]:
    """A side's segments to the tenth of a second."""
    return [(round(s.start, 1), round(s.end, 1)) for s in found.segments if s.side == side]
