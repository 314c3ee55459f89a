"""What must not be stored of a talk: card numbers, and what the settings name.

Masked words become `***` and keep their times, so audio can be muted by the same spans. A number
that is said in groups, with a word or two in between or the other side's "yes", is one number.

A card's number has 13 to 19 digits and passes Luhn's check (ISO/IEC 7812-1). Sixteen digits in one
go are masked in any case: a digit that the engine misheard must not leave the other fifteen.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from calltrackd.model.call import Party
from calltrackd.model.spelling import spelled, words_of
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.tagging.digits import Numeral, numerals

MASK = "***"
CARD_DIGITS = range(13, 20)
USUAL_DIGITS = 16
HALF_SAID_DIGITS = 6
WORDS_BETWEEN = 2
"""Words that may stand between the groups of a number."""
PAUSE_S = 20.0
"""A group that comes later is another number."""


class Mute(msgspec.Struct, frozen=True):
    """Where a side says what is masked; seconds from the recording's start."""

    side: Party
    start: float
    end: float


class _Slot(msgspec.Struct, frozen=True):
    """One word of a side: its place in the transcript."""

    turn: int
    place: int
    text: str
    start: float
    end: float


class Masks:
    """What is masked. `patterns`: regular expressions, see `settings.phrases.Mask`."""

    def __init__(self, *, cards: bool = True, patterns: Sequence[str] = ()) -> None:
        self._cards = cards
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def mask(self, transcript: Transcript) -> Transcript:
        """The transcript as it may be stored; the given one is left as it is."""
        hidden = {
            (slot.turn, slot.place)
            for side in ("operator", "caller")
            for slot in self._hidden(_slots(transcript, side))
        }
        turns = [
            _without(turn, {place for number, place in hidden if number == n})
            for n, turn in enumerate(transcript.turns)
        ]
        return msgspec.structs.replace(transcript, turns=turns)

    def quote(self, text: str) -> str:
        """What may be quoted of a talk that goes on, where a number may be only half said.

        Besides what is masked otherwise: the digits of every number of six or more.
        """
        slots = [_Slot(0, n, word, 0.0, 0.0) for n, word in enumerate(text.split())]
        words, owners = _words(slots)
        hidden = {slot.place for slot in self._hidden(slots)}
        for run in _runs(list(numerals(words)), [slots[owner] for owner in owners]):
            if self._cards and len("".join(one.digits for one in run)) >= HALF_SAID_DIGITS:
                hidden |= {owners[n] for one in run for n in range(one.first, one.last + 1)}
        return " ".join(MASK if slot.place in hidden else slot.text for slot in slots)

    def _hidden(self, slots: list[_Slot]) -> Iterator[_Slot]:
        words, owners = _words(slots)
        found = list(numerals(words))
        if self._cards:
            for numeral in _cards(found, [slots[owner] for owner in owners]):
                yield from (slots[owners[n]] for n in range(numeral.first, numeral.last + 1))
        for pattern in self._patterns:
            yield from (slots[owners[n]] for n in _matched(pattern, words, found))


def muted(transcript: Transcript) -> list[Mute]:
    """The spans of a masked transcript that must not be heard either.

    Of a turn whose engine times no words the whole.
    """
    found = []
    for turn in transcript.turns:
        if not turn.words and MASK in turn.text:
            found.append(Mute(turn.side, turn.start, turn.end))
        found += [Mute(turn.side, w.start, w.end) for w in turn.words if MASK in w.word]
    return found


def luhn(digits: str) -> bool:
    """Luhn's check of a card's number (ISO/IEC 7812-1, annex B).

    >>> luhn("4276550000000003"), luhn("4276550000000002")
    (True, False)
    """
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + n % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _slots(transcript: Transcript, side: str) -> list[_Slot]:
    found = []
    for n, turn in enumerate(transcript.turns):
        if turn.side != side:
            continue
        if turn.words:
            words = enumerate(turn.words)
            found += [_Slot(n, place, w.word, w.start, w.end) for place, w in words]
        else:
            texts = enumerate(turn.text.split())
            found += [_Slot(n, place, text, turn.start, turn.end) for place, text in texts]
    return found


def _words(slots: Sequence[_Slot]) -> tuple[list[str], list[int]]:
    """The side's words, and for each the slot that it stands in."""
    pairs = [(word, n) for n, slot in enumerate(slots) for word in words_of(slot.text)]
    return [word for word, _ in pairs], [n for _, n in pairs]


def _cards(found: Sequence[Numeral], slots: Sequence[_Slot]) -> Iterator[Numeral]:
    """The numerals that are part of a card's number. `slots`: of each word."""
    for run in _runs(found, slots):
        for first in range(len(run)):
            digits = ""
            for last in range(first, len(run)):
                digits += run[last].digits
                if len(digits) > CARD_DIGITS[-1]:
                    break
                if len(digits) in CARD_DIGITS and luhn(digits):
                    yield from run[first : last + 1]
        if len("".join(numeral.digits for numeral in run)) == USUAL_DIGITS:
            yield from run


def _runs(found: Sequence[Numeral], slots: Sequence[_Slot]) -> Iterator[list[Numeral]]:
    """Numerals that follow each other closely."""
    run = list(found[:1])
    for before, numeral in pairwise(found):
        near = numeral.first - before.last - 1 <= WORDS_BETWEEN
        soon = slots[numeral.first].start - slots[before.last].end <= PAUSE_S
        if not (near and soon):
            yield run
            run = []
        run.append(numeral)
    if run:
        yield run


def _matched(
    pattern: re.Pattern[str], words: Sequence[str], found: Sequence[Numeral]
) -> Iterator[int]:
    """The words that a pattern covers, read with numbers as digits, groups of one number joined."""
    text, letters = _reading(words, found)
    for match in pattern.finditer(text):
        groups = range(1, len(match.groups()) + 1) if match.groups() else (0,)
        for group in groups:
            covered = {letters[n] for n in range(*match.span(group))} if match[group] else set()
            for first, last in covered:
                yield from range(first, last + 1)


def _reading(words: Sequence[str], found: Sequence[Numeral]) -> tuple[str, list[tuple[int, int]]]:
    """The text, and for each of its letters the first and last word that it stands for."""
    numbers = {numeral.first: numeral for numeral in found}
    text, letters = "", []
    at, digits_before = 0, False
    while at < len(words):
        numeral = numbers.get(at)
        piece = words[at] if numeral is None else numeral.digits
        last = at if numeral is None else numeral.last
        if text and not (digits_before and numeral is not None):
            text += " "
            letters.append((at, at - 1))
        text += piece
        letters += [(at, last)] * len(piece)
        at, digits_before = last + 1, numeral is not None
    return text, letters


def _without(turn: Turn, hidden: set[int]) -> Turn:
    """The turn with some of its words masked."""
    if not hidden:
        return turn
    texts = turn.text.split()
    words = [
        msgspec.structs.replace(word, word=MASK) if n in hidden else word
        for n, word in enumerate(turn.words)
    ]
    if words and [spelled(w.word) for w in turn.words] != [spelled(text) for text in texts]:
        text = " ".join(word.word for word in words)
    else:
        text = " ".join(MASK if n in hidden else one for n, one in enumerate(texts))
    return msgspec.structs.replace(turn, text=text, words=words)
