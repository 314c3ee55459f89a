"""The ears of one call: words in, rules that hold out, each once.

The same for a call that lives (words as the engine is sure of them) and for a transcript that is
read from end to end, so both give the same verdicts.
"""

from collections.abc import Iterable
from typing import Protocol

from calltrackd.model.call import Party
from calltrackd.model.transcript import Word
from calltrackd.tagging.phrases.book import SIDES, Book, Owner
from calltrackd.tagging.phrases.match import Match
from calltrackd.tagging.phrases.rule import Rule
from calltrackd.tagging.phrases.side import SideHeard
from calltrackd.tagging.phrases.span import Span


class Compiled(Protocol):
    """What `phrases.Phrases` has for its listeners."""

    rules: list[Rule]
    dependents: dict[int, list[int]]
    late: list[int]


class Listening:
    """Feed `hear` with final words of each side in their order; `finish` when the talk is over."""

    def __init__(self, phrases: Compiled, book: Book, silent: frozenset[int]) -> None:
        self._phrases = phrases
        self._done = set(silent)
        """Rules that are decided, or don't hold for this call."""
        self._sides = {side: SideHeard(side, book) for side in SIDES}
        self._spans: dict[int, list[list[Span]]] = {}
        self._reached: dict[tuple[Owner, Party], int] = {}
        """Where the phrase's last span of a side ended: spans of one phrase don't overlap."""
        self._held_at: dict[int, float] = {}

    def hear(self, side: Party, words: Iterable[Word]) -> list[Match]:
        """The rules that the words complete. Seconds from the start; each word is given once."""
        heard, rules = self._sides[side], self._phrases.rules
        found: list[Match] = []
        for path, first, last in heard.hear(words, self._done):
            owner = path.owner
            rule = rules[owner.rule]
            if not rule.plain and first <= self._reached.get((owner, side), -1):
                continue
            span = heard.span(first, last)
            if not rule.takes(span):
                continue
            if rule.plain:
                found += self._decided(owner.rule, rule, (span,))
            else:
                self._reached[owner, side] = last
                self._keep(owner, rule, span)
                found += self._weigh(owner.rule)
        return found

    def finish(self, duration_s: float) -> list[Match]:
        """The rules that only the end decides; `duration_s` of the talk."""
        found: list[Match] = []
        for number in self._phrases.late:
            found += self._weigh(number, duration_s)
        return found

    def _keep(self, owner: Owner, rule: Rule, span: Span) -> None:
        spans = self._spans.get(owner.rule)
        if spans is None:
            spans = self._spans[owner.rule] = [[] for _ in range(rule.leaves)]
        spans[owner.leaf].append(span)

    def _weigh(self, number: int, duration_s: float | None = None) -> list[Match]:
        """The rule if it holds now, and those that waited for it."""
        rule = self._phrases.rules[number]
        spans = self._spans.get(number)
        if spans is None or number in self._done or (rule.late and duration_s is None):
            return []
        since = None if rule.after is None else self._held_at.get(rule.after)
        if rule.after is not None and since is None:
            return []
        evidence = rule.held(spans, since, duration_s)
        if evidence is None:
            return []
        return self._decided(number, rule, evidence)

    def _decided(self, number: int, rule: Rule, spans: tuple[Span, ...]) -> list[Match]:
        """The rule, and those that waited for it."""
        self._done.add(number)
        given = rule.settings
        held = Match(rule=given.name, tag=given.sets, alert=given.alert, spans=spans)
        waiting = self._phrases.dependents.get(number)
        if waiting is None:
            return [held]
        self._held_at[number] = max(span.end for span in spans)
        return [held, *(match for one in waiting for match in self._weigh(one))]
