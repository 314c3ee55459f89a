"""The index: from a word that was heard to the chains of which it may be the last word.

Theory. Every place of a chain is an item (any of some words); equal items share a number. A word is
looked up in the dictionary once in a process's life: which items does it fill (by its lemmas, its
form, its beginnings), and which chains can be complete with it? After that a heard word costs one
look into a dict, and most words end no chain. Where one does, the words before it are checked, the
last one first, by membership of numbers in sets.

So a rule fires the moment its last word is there, and the cost of ten thousand rules is that of the
few that end with a word which was really said.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from calltrackd.model.call import Party
from calltrackd.model.phrase import Sought
from calltrackd.model.spelling import words_of
from calltrackd.model.transcript import Word
from calltrackd.tagging.phrases.chains import Block, Chain, Item
from calltrackd.tagging.phrases.lemmas import Lemmas

MOST_WORDS = 200_000
"""Different words that are remembered; a language has fewer, noise has more."""

SIDES: tuple[Party, ...] = ("operator", "caller")


class Owner(msgspec.Struct, frozen=True):
    """Whose chain it is: the rule, which of its phrases, and who is to say it (None: either)."""

    rule: int
    leaf: int
    side: str | None = None


class Path(msgspec.Struct, frozen=True, gc=False):
    """A chain ready to be checked from its last word backwards.

    `back`: (item, gap behind it) of the words before the last one, when all are in order. Else
    `blocks` holds the chain, and `anchor` which block the last word ends.
    """

    owner: Owner
    back: tuple[tuple[int, int], ...] = ()
    blocks: tuple[tuple[tuple[int, ...], int, bool], ...] = ()
    anchor: int = 0


class Entry:
    """A word as the rules see it: the items it fills, and the paths it may end, by side."""

    __slots__ = ("ends", "items")

    def __init__(self, items: frozenset[int], ends: tuple[tuple[Path, ...], ...]) -> None:
        self.items = items
        self.ends = ends


NO_ENTRY = Entry(frozenset(), tuple(() for _ in SIDES))
"""Of a word that no rule waits for: most are."""


class Book:
    """All chains in one language."""

    def __init__(self, lemmas: Lemmas, found: Iterable[tuple[Owner, Chain]]) -> None:
        self._lemmas = lemmas
        self._items: dict[Item, int] = {}
        self._by_form: defaultdict[str, list[int]] = defaultdict(list)
        self._by_lemma: defaultdict[str, list[int]] = defaultdict(list)
        self._by_beginning: defaultdict[str, list[int]] = defaultdict(list)
        self._ends: defaultdict[int, list[Path]] = defaultdict(list)
        self.known: dict[str, Entry] = {}
        """Entries of words that were heard, but for those of several parts."""
        self._parts: dict[str, tuple[Entry, ...]] = {}
        """One entry for each part between hyphens; none for what is no word."""
        for owner, chain in found:
            self._enter(owner, chain)
        self._lengths = sorted({len(text) for text in self._by_beginning})

    def learn(self, words: Iterable[Word]) -> tuple[list[Entry], list[Word]]:
        """The words' entries, each with its word: one of several parts stands there for each."""
        entries: list[Entry] = []
        heard: list[Word] = []
        for word in words:
            entry = self.known.get(word.word)
            for one in self._parts_of(word.word) if entry is None else (entry,):
                entries.append(one)
                heard.append(word)
        return entries, heard

    def _parts_of(self, text: str) -> tuple[Entry, ...]:
        parts = self._parts.get(text)
        if parts is None:
            parts = tuple(self._entry(word) for word in words_of(text))
            self._keep(text, parts)
        return parts

    def _keep(self, text: str, parts: tuple[Entry, ...]) -> None:
        if len(self.known) + len(self._parts) >= MOST_WORDS:
            self.known.clear()
            self._parts.clear()
        if len(parts) == 1:
            self.known[text] = parts[0]
        else:
            self._parts[text] = parts

    def _entry(self, word: str) -> Entry:
        numbers = set(self._by_form.get(word, ()))
        if self._by_lemma:
            for lemma in self._lemmas(word):
                numbers.update(self._by_lemma.get(lemma, ()))
        for length in self._lengths:
            numbers.update(self._by_beginning.get(word[:length], ()))
        if not numbers:
            return NO_ENTRY
        paths = [path for number in sorted(numbers) for path in self._ends.get(number, ())]
        by_side = (tuple(p for p in paths if p.owner.side in (None, side)) for side in SIDES)
        return Entry(frozenset(numbers), tuple(by_side))

    # -- building

    def _enter(self, owner: Owner, chain: Chain) -> None:
        if all(block.ordered for block in chain):
            *before, (last, _) = self._flat(chain)
            self._ends[last].append(Path(owner, tuple(reversed(before))))
            return
        blocks = tuple(self._numbered(block) for block in chain)
        for anchor, (numbers, _, _) in enumerate(blocks):
            self._ends[numbers[-1]].append(Path(owner, (), blocks, anchor))

    def _flat(self, chain: Sequence[Block]) -> list[tuple[int, int]]:
        """The items of an ordered chain, each with the gap that may follow it."""
        numbers = [self._number(item) for block in chain for item in block.items]
        gaps = [block.gap if n == 0 else 0 for block in chain for n in range(len(block.items))]
        return list(zip(numbers, [*gaps[1:], 0], strict=True))

    def _numbered(self, block: Block) -> tuple[tuple[int, ...], int, bool]:
        return tuple(self._number(item) for item in block.items), block.gap, block.ordered

    def _number(self, item: Item) -> int:
        number = self._items.get(item)
        if number is None:
            number = self._items[item] = len(self._items)
            for sought in item:
                self._write(sought, number)
        return number

    def _write(self, sought: Sought, number: int) -> None:
        if sought.way == "exact":
            self._by_form[sought.text].append(number)
        elif sought.way == "prefix":
            self._by_beginning[sought.text].append(number)
        else:
            self._by_form[sought.text].append(number)
            for lemma in self._lemmas(sought.text):
                self._by_lemma[lemma].append(number)
