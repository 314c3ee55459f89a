"""Tone markers: words of a lexicon that tell how somebody feels, turned over by a negation.

Theory. A lexicon is a table (language, kind, phrase); a phrase is written as in phrase rules. Where
markers overlap the longest counts ("не устраивает" beside "устраивает"). A negator within two words
before a marker, or one of the other kind (Kazakh емес) behind it, turns it over, unless it is part
of the marker itself. Markers are counted by side; they are no judgement on anybody.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

import msgspec

from calltrackd.model.phrase import Said
from calltrackd.model.phrase_text import PhraseError, parse
from calltrackd.model.transcript import Transcript
from calltrackd.tagging.phrases.book import SIDES, Book, Owner
from calltrackd.tagging.phrases.chains import chains
from calltrackd.tagging.phrases.lemmas import lemmas_of
from calltrackd.tagging.phrases.side import SideHeard
from calltrackd.tagging.phrases.span import Span
from calltrackd.tagging.phrases.words import timed

REACH = 2
"""Words between which and the marker a negator works."""

Kind = Literal["positive", "negative", "negator_before", "negator_after"]


class LexiconError(ValueError):
    """A line of the lexicon can't be used; the text names file, line and mend."""


class Entry(msgspec.Struct, frozen=True):
    """A line of the lexicon."""

    language: str
    kind: Kind
    said: Said


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """One marker in a talk."""

    tone: Literal["positive", "negative"]
    negated: bool
    """A negation turned it over."""
    span: Span


class _Hit(msgspec.Struct, frozen=True):
    kind: Kind
    first: int
    last: int
    span: Span


def lexicon(path: Path | None = None) -> list[Entry]:
    """The lexicon of a CSV file, or the one that comes with calltrackd. LexiconError, OSError."""
    file = files("calltrackd.tagging").joinpath("tone.csv") if path is None else path
    rows = csv.reader(file.read_text("utf-8-sig").splitlines())
    return [
        _entry(str(file), line, row)
        for line, row in enumerate(rows, 1)
        if row and row[0] != "language" and not row[0].startswith("#")
    ]


def _entry(file: str, line: int, row: list[str]) -> Entry:
    place = f"{file}:{line}"
    if len(row) != 3:
        raise LexiconError(f"{place}: {len(row)} cells, but language,kind,phrase are three")
    language, kind, phrase = (cell.strip() for cell in row)
    if kind not in get_args(Kind):
        raise LexiconError(f"{place}: no such kind {kind!r}: {', '.join(get_args(Kind))}")
    try:
        said = parse(phrase)
    except PhraseError as error:
        raise LexiconError(f"{place}: {error}") from None
    if not isinstance(said, Said):
        raise LexiconError(f"{place}: a line holds one phrase; make {phrase!r} several lines")
    return Entry(language, kind, said)  # type: ignore[arg-type]  # looked up above


class Tone:
    """Finds the markers of a lexicon."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._books: dict[str, Book] = {}

    def markers(self, transcript: Transcript) -> list[Marker]:
        """All markers of a talk, in the order of time."""
        book = self._book(transcript.language)
        found: list[Marker] = []
        for side in SIDES:
            heard = SideHeard(side, book)
            words = (w for t in transcript.turns if t.side == side for w in t.words or timed(t))
            hits = [
                _Hit(self._entries[path.owner.rule].kind, first, last, heard.span(first, last))
                for path, first, last in heard.hear(words)
            ]
            found += _markers(hits)
        return sorted(found, key=lambda marker: marker.span.start)

    def _book(self, language: str) -> Book:
        if language not in self._books:
            pairs = [
                (Owner(number, 0), chain)
                for number, entry in enumerate(self._entries)
                if entry.language == language
                for chain in chains(entry.said)
            ]
            self._books[language] = Book(lemmas_of(language), pairs)
        return self._books[language]


def counted(markers: Iterable[Marker]) -> dict[str, dict[str, int]]:
    """Side -> tone -> how many markers, for both sides."""
    counts: dict[str, dict[str, int]] = {side: {"positive": 0, "negative": 0} for side in SIDES}
    for marker in markers:
        counts[marker.span.side][marker.tone] += 1
    return counts


def _markers(hits: Sequence[_Hit]) -> Iterator[Marker]:
    felt = _longest([hit for hit in hits if not hit.kind.startswith("negator")])
    turned = {_turned(hit, felt) for hit in hits if hit.kind.startswith("negator")}
    for hit in felt:
        negated = hit in turned
        positive = (hit.kind == "positive") != negated
        tone: Literal["positive", "negative"] = "positive" if positive else "negative"
        yield Marker(tone=tone, negated=negated, span=hit.span)


def _longest(hits: Sequence[_Hit]) -> list[_Hit]:
    """The hits without those that lie in or over a longer one; of equals the first."""
    kept: list[_Hit] = []
    for hit in sorted(hits, key=lambda one: (one.first - one.last, one.first)):
        if all(hit.last < other.first or hit.first > other.last for other in kept):
            kept.append(hit)
    return kept


def _turned(negator: _Hit, felt: Sequence[_Hit]) -> _Hit | None:
    """The marker that the negator turns over: the nearest on its side of it."""
    before = negator.kind == "negator_before"
    away = {hit: hit.first - negator.last if before else negator.first - hit.last for hit in felt}
    near = [hit for hit, words in away.items() if 0 < words <= REACH + 1]
    return min(near, key=away.__getitem__, default=None)
