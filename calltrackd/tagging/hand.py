"""The keys of one operator in one call, cut into words by longest match with a pause.

Theory. A hand is idle or in one of three moods:

    typing   the keys so far begin a word: wait for the next key or the pause
    dialing  a transfer code was typed: what follows is a number, not a tag
    lost     the keys begin nothing: the rest of the burst is one unknown sequence

A sequence that is a word, and begins no longer one, counts at once ("71"). A word that is also a
beginning ("7" beside "71") waits for the pause. When a key fits no longer, the
longest word before it is taken and the rest is read anew ("7" then "25"). A burst that begins with
no word is lost as a whole: half of somebody's menu choice must not become a tag.

The pause after a transfer code is longer than the one between keys: Asterisk says "transfer"
(1.5 s), then waits transferdigittimeout (3 s).

Time comes with keys and `settle` only, and a verdict bears the moment of its last key: however
often `settle` is called in between, the same keys give the same words.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from calltrackd.tagging.vocabulary import Vocabulary, Word

Mood = Literal["idle", "typing", "dialing", "lost"]


class Read(msgspec.Struct, frozen=True):
    """A settled sequence; `word` None = unknown. `at` = its last key went down (unix seconds)."""

    keys: str
    at: float
    word: Word | None


class Hand:
    """Feed `press` in the order of time; ask `settle` for what a pause decided."""

    def __init__(self, pause_s: float, dial_pause_s: float) -> None:
        self._pause_s = pause_s
        self._dial_pause_s = dial_pause_s
        self.mood: Mood = "idle"
        self._vocabulary = Vocabulary({})
        self._keys: list[tuple[str, float]] = []
        self._last = 0.0

    @property
    def deadline(self) -> float | None:
        """When the pause decides, unix seconds; None while nothing is pending."""
        if self.mood == "idle":
            return None
        return self._last + (self._dial_pause_s if self.mood == "dialing" else self._pause_s)

    def press(self, digit: str, at: float, vocabulary: Vocabulary) -> list[Read]:
        """What the key decides; keys of a burst are read by the vocabulary of its latest key."""
        read = self.settle(at)
        self._last = max(self._last, at)
        if self.mood != "dialing":
            self._vocabulary = vocabulary
            self._keys.append((digit, at))
            if self.mood != "lost":
                read.extend(self._words(paused=False))
        return read

    def settle(self, at: float) -> list[Read]:
        """What pauses that ended by `at` decide."""
        read: list[Read] = []
        while (deadline := self.deadline) is not None and deadline <= at:
            if self.mood == "dialing":
                self.mood = "idle"
            else:
                read.extend(self._words(paused=True))
        return read

    def _words(self, *, paused: bool) -> Iterator[Read]:
        """Takes words off the keys until the rest has to wait, or nothing is left."""
        while self._keys:
            keys = "".join(digit for digit, _ in self._keys)
            if not paused and keys in self._vocabulary.beginnings:
                self.mood = "typing"
                return
            found = None if self.mood == "lost" else self._vocabulary.longest(keys)
            if found is None and not paused:
                self.mood = "lost"
                return
            sequence, word = found or (keys, None)
            yield from self._take(sequence, word)
            if self.mood == "dialing":
                return
        self.mood = "idle"

    def _take(self, sequence: str, word: Word | None) -> Iterator[Read]:
        at = self._keys[len(sequence) - 1][1]
        del self._keys[: len(sequence)]
        if word is not None and word.meaning == "transfer":
            self._keys.clear()
            self.mood = "dialing"
        elif word is None or word.meaning != "ignore":
            yield Read(sequence, at, word)
