"""The key sequences that mean something to one operator in one call, ready to be matched."""

from collections.abc import Mapping
from typing import Literal, Self

import msgspec

from calltrackd.settings import Keypad as Rules

Meaning = Literal["tag", "undo", "ignore", "transfer"]


class Word(msgspec.Struct, frozen=True):
    """What a complete sequence means; `tag` is empty unless it is one."""

    meaning: Meaning
    tag: str = ""


class Vocabulary:
    """Sequences with their words and all proper beginnings of them."""

    def __init__(self, words: Mapping[str, Word]) -> None:
        self.words = dict(words)
        self.beginnings = {keys[:n] for keys in words for n in range(1, len(keys))}

    @classmethod
    def of(cls, rules: Rules, did: str | None, queue: str | None, operator: str | None) -> Self:
        """What the settings say for a call on `did` (E.164) through `queue` and its `operator`."""
        words = {code: Word("ignore") for code in rules.ignore}
        words |= {code: Word("transfer") for code in rules.transfer_codes}
        if rules.undo is not None:
            words[rules.undo] = Word("undo")
        tags = rules.tags_for(did, queue, operator)
        return cls(words | {keys: Word("tag", tag) for keys, tag in tags.items()})

    def longest(self, keys: str) -> tuple[str, Word] | None:
        """The longest beginning of `keys` that is a word."""
        for length in range(len(keys), 0, -1):
            word = self.words.get(keys[:length])
            if word is not None:
                return keys[:length], word
        return None
