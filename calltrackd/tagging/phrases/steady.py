"""Words that an engine will hardly take back, out of hypotheses that still change.

Theory. While somebody speaks an engine guesses again and again (partials); the end of a guess
changes most, and what was said is final only at the next pause, which may be ten seconds away. An
alert cannot wait for it. So a word counts as steady when two guesses in a row have it at the same
place and something stands behind it (a word, or `LAG_S` of audio). The final result brings the
rest. Each moment of a side is given once: what a final result says of a time that is already told
is passed over.
"""

from collections.abc import Sequence

from calltrackd.model.transcript import Word

SAME_PLACE_S = 0.2
"""How far a word may move between two guesses."""
LAG_S = 0.3
"""Audio behind a word after which its own end changes no more."""


class Steady:
    """One side of one call. Seconds as in the words."""

    def __init__(self) -> None:
        self._last: Sequence[Word] = ()
        self._told_until = 0.0

    def partial(self, words: Sequence[Word], heard_s: float) -> list[Word]:
        """Words that are steady now. `heard_s`: how far the engine has listened."""
        before, self._last = self._last, words
        found: list[Word] = []
        for n, word in enumerate(words):
            if self._is_told(word):
                continue
            behind = n + 1 < len(words) or heard_s - word.end >= LAG_S
            if not (behind and any(_same(word, other) for other in before)):
                break
            found.append(word)
        return self._told(found)

    def final(self, words: Sequence[Word]) -> list[Word]:
        """The words of a final result that were not told yet."""
        self._last = ()
        return self._told([word for word in words if not self._is_told(word)])

    def _is_told(self, word: Word) -> bool:
        return (word.start + word.end) / 2 <= self._told_until

    def _told(self, words: list[Word]) -> list[Word]:
        if words:
            self._told_until = words[-1].end
        return words


def _same(one: Word, other: Word) -> bool:
    return one.word == other.word and abs(one.start - other.start) <= SAME_PLACE_S
