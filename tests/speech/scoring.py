"""Transcripts against the truth that lies beside the given calls."""

from collections.abc import Iterable, Sequence
from typing import Any

from calltrackd.model.transcript import Transcript


def word_errors(truth: Sequence[str], heard: Sequence[str]) -> int:
    """Words inserted, lost and mistaken: Levenshtein's distance."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(truth, 1):
        before, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, before + (word != other))
            before, row[column] = row[column], cost
    return row[-1]


def plain(text: str) -> list[str]:
    """Words as both sides are compared."""
    return text.lower().replace("ё", "е").split()


def said(truth: dict[str, Any], side: str) -> list[str]:
    """What one side really said."""
    segments = sorted(truth["segments"], key=lambda one: one["start"])
    return plain(" ".join(one["text"] for one in segments if one["role"] == side))


def heard(transcript: Transcript, side: str) -> list[str]:
    """What was heard of it."""
    return plain(" ".join(turn.text for turn in transcript.turns if turn.side == side))


class Tally:
    """Sums over calls."""

    def __init__(self, keywords: Iterable[str] = ()) -> None:
        self.words = self.errors = self.hits = self.misses = self.false = 0
        self._keywords = [plain(keyword) for keyword in keywords]

    def add(self, truth: dict[str, Any], transcript: Transcript) -> None:
        """Both sides of one call."""
        for side in ("operator", "caller"):
            right, ours = said(truth, side), heard(transcript, side)
            self.words += len(right)
            self.errors += word_errors(right, ours)
            for keyword in self._keywords:
                there, told = _times(keyword, right), _times(keyword, ours)
                self.hits += min(there, told)
                self.misses += max(0, there - told)
                self.false += max(0, told - there)

    @property
    def wer(self) -> float:
        """Word error rate, percent."""
        return 100 * self.errors / max(1, self.words)

    @property
    def recall(self) -> float:
        """Of the keywords that were said."""
        return self.hits / max(1, self.hits + self.misses)

    @property
    def precision(self) -> float:
        """Of the keywords that were heard."""
        return self.hits / max(1, self.hits + self.false)


def _times(phrase: list[str], words: list[str]) -> int:
    size = len(phrase)
    return sum(words[at : at + size] == phrase for at in range(len(words) - size + 1))
