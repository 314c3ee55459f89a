"""Long silence is not decoded: it says nothing, and digital silence costs vosk more than speech."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from calltrackd.speech.engines.base import Heard
from calltrackd.speech.engines.samples import SAMPLE_BYTES

BEFORE_S = 1.0
"""Kept before speech: a soft beginning, and room for the engine's own context."""
AFTER_S = 2.0
"""Kept after it: an engine finds the end of a turn by its silence, 0.5 to 1 s of it."""
WORTH_S = 1.0
"""Shorter gaps between what is kept are kept as well."""


class Silence:
    """Leaves the silence of one track out, and puts what is heard back into its place.

    `speech`: spans in seconds from the track's first sample, in order.
    """

    def __init__(self, speech: Sequence[tuple[float, float]], rate: int) -> None:
        self._rate = rate
        self._kept = [(int(start * rate), int(end * rate)) for start, end in kept(speech)]
        self._at = 0
        """The next sample of the track."""

    def without(self, pcm: bytes) -> Iterator[bytes]:
        """What of these samples is to be decoded; they must follow those of the last call."""
        begin, self._at = self._at, self._at + len(pcm) // SAMPLE_BYTES
        for start, end in self._kept:
            first, last = max(start, begin), min(end, self._at)
            if first < last:
                yield pcm[(first - begin) * SAMPLE_BYTES : (last - begin) * SAMPLE_BYTES]

    def placed(self, one: Heard) -> Heard:
        """The same with the track's seconds instead of those of what was decoded."""
        words = [
            msgspec.structs.replace(word, start=self._line(word.start), end=self._line(word.end))
            for word in one.words
        ]
        return msgspec.structs.replace(
            one, start=self._line(one.start), end=self._line(one.end), words=words
        )

    def _line(self, second: float) -> float:
        decoded = second * self._rate
        for start, end in self._kept:
            if decoded <= end - start:
                return (start + decoded) / self._rate
            decoded -= end - start
        return (self._kept[-1][1] + decoded) / self._rate if self._kept else second


def kept(speech: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans to decode, in seconds.

    >>> kept([(1.0, 2.0), (3.0, 4.0), (20.0, 21.0)])
    [(0.0, 6.0), (19.0, 23.0)]
    """
    wide = [(max(0.0, start - BEFORE_S), end + AFTER_S) for start, end in speech]
    gaps = [(one, two) for (_, one), (two, _) in pairwise(wide) if two - one >= WORTH_S]
    edges = [wide[0][0], *(edge for gap in gaps for edge in gap), wide[-1][1]] if wide else []
    return list(zip(edges[::2], edges[1::2], strict=True))
