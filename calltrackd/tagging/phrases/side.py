"""What one side of a call said so far, and whether a chain ends with its latest word."""

from collections.abc import Container, Iterable, Iterator
from operator import attrgetter

from calltrackd.model.call import Party
from calltrackd.model.transcript import Word
from calltrackd.tagging.phrases.book import SIDES, Book, Entry, Path
from calltrackd.tagging.phrases.span import Span

LONGEST_PAUSE_S = 5.0
"""Words further apart don't belong to one phrase: the other side spoke in between."""

_Block = tuple[tuple[int, ...], int, bool]
_TEXT = attrgetter("word")


class SideHeard:
    """The words of one side, in the order in which they came."""

    def __init__(self, side: Party, book: Book) -> None:
        self.side = side
        self._ends = SIDES.index(side)
        self._book = book
        self._entries: list[Entry] = []
        self._words: list[Word] = []

    def hear(
        self, words: Iterable[Word], done: Container[int] = ()
    ) -> Iterator[tuple[Path, int, int]]:
        """Each path that a word completes: (path, first and last place of its words).

        `done`: rules of which nobody wants to hear any more; it may grow meanwhile.
        """
        heard, side = list(words), self._ends
        try:
            entries = list(map(self._book.known.__getitem__, map(_TEXT, heard)))
        except KeyError:
            entries, heard = self._book.learn(heard)
        begin = len(self._entries)
        self._entries += entries
        self._words += heard
        for last, entry in enumerate(entries, begin):
            for path in entry.ends[side]:
                if path.owner.rule not in done:
                    first = self._first(path, last)
                    if first >= 0:
                        yield path, first, last

    def span(self, first: int, last: int) -> Span:
        """The words at these places, as evidence."""
        if first == last:
            word = self._words[first]
            return Span(
                side=self.side,
                start=word.start,
                end=word.end,
                quote=word.word,
                confidence=word.confidence,
            )
        words = self._words[first : last + 1]
        sure = [word.confidence for word in words if word.confidence is not None]
        said = [word.word for n, word in enumerate(words) if n == 0 or word is not words[n - 1]]
        return Span(
            side=self.side,
            start=words[0].start,
            end=words[-1].end,
            quote=" ".join(said),
            confidence=min(sure, default=None),
        )

    def _first(self, path: Path, last: int) -> int:
        """Where the path's words begin if they end with the one at `last`; -1: they don't."""
        if path.blocks:
            return self._around(path, last)
        return self._back(path.back, 0, last) if path.back else last

    def _back(self, steps: tuple[tuple[int, int], ...], done: int, behind: int) -> int:
        """Steps from `done` on, found before the place `behind`; the nearest ones first."""
        if done == len(steps):
            return behind
        item, gap = steps[done]
        entries = self._entries
        for at in range(behind - 1, max(behind - 2 - gap, -1), -1):
            if item in entries[at].items:
                if not self._together(at, behind):
                    return -1
                first = self._back(steps, done + 1, at)
                if first >= 0:
                    return first
        return -1

    def _together(self, first: int, last: int) -> bool:
        """Whether no long pause lies between the words."""
        words = self._words
        return all(words[n + 1].start - words[n].end <= LONGEST_PAUSE_S for n in range(first, last))

    # -- chains in which words may change places

    def _around(self, path: Path, last: int) -> int:
        start = last - len(path.blocks[path.anchor][0]) + 1
        if not self._stands(path.blocks[path.anchor][0], start, last):
            return -1
        return self._place(path.blocks, {path.anchor: start}, last)

    def _place(self, blocks: tuple[_Block, ...], placed: dict[int, int], last: int) -> int:
        """Places the blocks beside those that stand, none behind `last`; the first place of all."""
        if len(placed) == len(blocks):
            return min(placed.values())
        left, right = min(placed) - 1, max(placed) + 1
        block, beside = (left, left + 1) if left >= 0 else (right, right - 1)
        for start in self._starts(blocks, block, beside, placed[beside]):
            if self._fits(blocks, placed, block, start, last):
                first = self._place(blocks, {**placed, block: start}, last)
                if first >= 0:
                    return first
        return -1

    @staticmethod
    def _starts(blocks: tuple[_Block, ...], block: int, beside: int, stands: int) -> Iterator[int]:
        """Where the block may begin, seen from its neighbour that begins at `stands`."""
        _, gap, ordered = blocks[max(block, beside)]
        before = [stands - len(blocks[block][0]) - n for n in range(gap + 1)]
        behind = [stands + len(blocks[beside][0]) + n for n in range(gap + 1)]
        if not ordered or block < beside:
            yield from before
        if not ordered or block > beside:
            yield from behind

    def _fits(
        self, blocks: tuple[_Block, ...], placed: dict[int, int], block: int, start: int, last: int
    ) -> bool:
        """The block's words stand there, and no other block does."""
        items = blocks[block][0]
        stop = start + len(items)
        free = all(
            stop <= other or start >= other + len(blocks[n][0]) for n, other in placed.items()
        )
        return free and stop <= last + 1 and self._stands(items, start, last)

    def _stands(self, items: tuple[int, ...], start: int, last: int) -> bool:
        """Whether the items are there from `start` on, with no long pause until `last`."""
        return (
            start >= 0
            and all(item in self._entries[start + n].items for n, item in enumerate(items))
            and self._together(start, last)
        )
