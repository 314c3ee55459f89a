"""Sessions of engines that take a whole file: speech is gathered, cut at pauses, and asked about.

Silence is not sent: it costs time, and Whisper's kin make words of it.
"""

import io
import wave
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from calltrackd.speech.engines.base import Heard, moved
from calltrackd.speech.engines.plan import CommandPlan, HttpPlan
from calltrackd.speech.engines.samples import SAMPLE_BYTES
from calltrackd.speech.errors import RefusedError
from calltrackd.speech.vad import spans

MOST_BYTES = 1 << 30
"""Nine hours at 16 kHz."""
EDGE_S = 0.2
"""Silence that is left at both ends of a stretch."""
PAUSE_S = 1.5
"""Pauses up to here are left inside a stretch."""


class StretchSession:
    """Gathers all samples; `answered` is asked about each stretch when the session ends."""

    def __init__(
        self, answered: Callable[[bytes], list[Heard]], sample_rate: int, longest_s: float
    ) -> None:
        self._answered = answered
        self._rate = sample_rate
        self._longest_s = longest_s
        self._pcm = bytearray()
        self._over = False

    def feed(self, pcm: bytes) -> list[Heard]:
        """Nothing is heard before the end."""
        if self._over:
            raise RefusedError("the session is over")
        if len(self._pcm) + len(pcm) > MOST_BYTES:
            raise RefusedError(f"more than {MOST_BYTES} bytes of samples")
        self._pcm += pcm
        return []

    def finish(self) -> list[Heard]:
        """All that was said."""
        if self._over:
            return []
        self._over = True
        whole = len(self._pcm) // SAMPLE_BYTES
        samples = np.frombuffer(self._pcm, "<i2", whole)
        heard: list[Heard] = []
        for start, end in stretches(spans(samples, self._rate), self._longest_s):
            first, last = int(start * self._rate), min(int(end * self._rate), whole)
            heard += [moved(one, start) for one in self._answered(samples[first:last].tobytes())]
        return heard


class StretchEngine(ABC):
    """An engine outside of us that takes stretches of speech, one after the other."""

    def __init__(self, plan: CommandPlan | HttpPlan, *, model: str) -> None:
        self.name = plan.name
        self.model = model
        self.sample_rate = plan.sample_rate
        self._longest_s = plan.longest_s

    @abstractmethod
    def answered(self, pcm: bytes, language: str) -> list[Heard]:
        """What the engine makes of a stretch. Raises RefusedError, UnavailableError."""

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> StretchSession:
        """A session that gathers speech and has it answered at the end."""
        del partials
        if phrases is not None:
            raise RefusedError(f"{self.name} takes no list of phrases")
        asked = partial(self.answered, language=language)
        return StretchSession(asked, self.sample_rate, self._longest_s)

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Neither a program nor a server tells what it knows."""
        del words
        return []


def stretches(speech: list[tuple[float, float]], longest_s: float) -> list[tuple[float, float]]:
    """Spans of speech joined over short pauses, with their edges, none longer than `longest_s`.

    >>> stretches([(1.0, 2.0), (2.5, 4.0), (9.0, 10.0)], 25.0)
    [(0.8, 4.2), (8.8, 10.2)]
    """
    found: list[tuple[float, float]] = []
    for first, last in speech:
        start, end = max(0.0, first - EDGE_S), last + EDGE_S
        if found and start - found[-1][1] < PAUSE_S and end - found[-1][0] <= longest_s:
            found[-1] = (found[-1][0], end)
            continue
        if found:
            start = max(start, found[-1][1])
        while end - start > longest_s:
            found.append((start, start + longest_s))
            start += longest_s
        found.append((start, end))
    return found


def wav(pcm: bytes, rate: int) -> bytes:
    """PCM16LE mono as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(SAMPLE_BYTES)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()
