"""What every engine gives: `open(language, phrases)`, then `feed(pcm)` and `finish()`.

An engine lives in a child process and is used by one thread. A session is one side of one call;
which side is never the engine's business.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from calltrackd.model.transcript import Word


class Heard(msgspec.Struct):
    """A piece of speech. Seconds count from the session's first sample.

    `final` will not change; a `partial` is what the engine thinks so far of what is being said, and
    the next one replaces it. `words` is empty when the engine times none.
    """

    kind: Literal["partial", "final"]
    text: str
    start: float
    end: float
    confidence: float | None = None
    words: list[Word] = []


class Session(Protocol):
    """One side of one call."""

    def feed(self, pcm: bytes) -> list[Heard]:
        """Samples of 16 bits, little-endian, mono, at the engine's rate, cut anywhere."""
        ...

    def finish(self) -> list[Heard]:
        """The rest; the session is over. A second call gives nothing."""
        ...


class Engine(Protocol):
    """A loaded model, or the way to a server. To build one: RefusedError, UnavailableError."""

    @property
    def name(self) -> str:
        """As it stands in transcripts: `vosk`, `pocketsphinx`."""
        ...

    @property
    def model(self) -> str:
        """The model's name, as it stands in transcripts."""
        ...

    @property
    def sample_rate(self) -> int:
        """What `feed` wants, Hz; the caller resamples."""
        ...

    def open(
        self, language: str, phrases: Sequence[str] | None = None, *, partials: bool = False
    ) -> Session:
        """A session. `phrases`: hear these only (engines that can); `partials`: tell them too."""
        ...

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Those of `words` that the engine can never hear, as far as it can tell."""
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Of the words that have one; None: no word has."""
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None


def said(words: list[Word], text: str, kind: Literal["partial", "final"] = "final") -> Heard:
    """What consists of timed words; there must be one at least."""
    return Heard(kind, text, words[0].start, words[-1].end, mean_confidence(words), words)


def moved(one: Heard, by_s: float) -> Heard:
    """The same, later."""
    words = [
        msgspec.structs.replace(word, start=word.start + by_s, end=word.end + by_s)
        for word in one.words
    ]
    return msgspec.structs.replace(one, start=one.start + by_s, end=one.end + by_s, words=words)
