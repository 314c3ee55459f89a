"""A rule as it is weighed during a call: which of its phrases were said, and whether that is it.

Theory. What was said of a phrase (its spans) only grows. So a rule without `!` and `last_s` can be
decided the moment a span comes, and stays decided; the others are decided at the end. Either way it
is the same function of the spans, whether they came word by word or from a whole transcript.
"""

from collections.abc import Sequence
from itertools import count

import msgspec

from calltrackd.model.phrase import AllOf, AnyOf, Not, Said, Tree
from calltrackd.settings.phrases import Phrase
from calltrackd.tagging.phrases.span import Span

Spans = tuple[Span, ...]
"""What was said once, phrase by phrase."""


class Leaf(msgspec.Struct, frozen=True):
    """A phrase, by its number within the rule."""

    number: int


class Any(msgspec.Struct, frozen=True):
    """At least one of the parts."""

    parts: tuple["Node", ...]


class All(msgspec.Struct, frozen=True):
    """Every part, and none of the `unsaid`."""

    parts: tuple["Node", ...]
    unsaid: tuple["Node", ...]


Node = Leaf | Any | All


def node(tree: Tree) -> Node:
    """The tree with its phrases numbered as `chains.leaves` gives them."""
    return _node(tree, count())


def _node(tree: Tree, numbers: "count[int]") -> Node:
    match tree:
        case Said():
            return Leaf(next(numbers))
        case AnyOf(parts=parts):
            return Any(tuple(_node(part, numbers) for part in parts))
        case Not(part=part):
            return _node(part, numbers)
        case AllOf(parts=parts):
            said: list[Node] = []
            unsaid: list[Node] = []
            for part in parts:
                (unsaid if isinstance(part, Not) else said).append(_node(part, numbers))
            return All(tuple(said), tuple(unsaid))


def denies(tree: Node) -> bool:
    """Whether something must not be said."""
    match tree:
        case Leaf():
            return False
        case Any(parts=parts):
            return any(map(denies, parts))
        case All(parts=parts, unsaid=unsaid):
            return bool(unsaid) or any(map(denies, parts))


def occurrences(tree: Node, spans: Sequence[Sequence[Span]]) -> list[Spans]:
    """How often the tree was said, each time with its spans. `spans`: those of each phrase."""
    match tree:
        case Leaf(number=number):
            return [(span,) for span in spans[number]]
        case Any(parts=parts):
            found = [one for part in parts for one in occurrences(part, spans)]
            return sorted(found, key=lambda one: one[-1].end)
        case All(parts=parts, unsaid=unsaid):
            if any(occurrences(part, spans) for part in unsaid):
                return []
            each = [occurrences(part, spans) for part in parts]
            return [
                tuple(sorted((s for one in both for s in one), key=lambda span: span.start))
                for both in zip(*each, strict=False)
            ]


class Rule(msgspec.Struct, frozen=True):
    """A compiled rule. What follows `leaves` is settled among all rules."""

    settings: Phrase
    tree: Node
    leaves: int
    after: int | None = None
    """The rule that must have held, by its number."""
    late: bool = False
    """It can be decided only at the end of the talk."""
    plain: bool = False
    """One phrase that need be said but once, as most rules are: it holds with its first span."""

    def takes(self, span: Span) -> bool:
        """Whether the span counts at all."""
        first_s, sure = self.settings.first_s, self.settings.min_confidence
        return (first_s is None or span.start < first_s) and (
            span.confidence is None or span.confidence >= sure
        )

    def held(
        self, spans: Sequence[Sequence[Span]], since: float | None, duration_s: float | None
    ) -> Spans | None:
        """The evidence when the rule holds, else None.

        `since`: when the rule of `after` held (seconds), None without one. `duration_s`: of the
        talk, None while it lasts.
        """
        earliest, latest = 0.0, float("inf")
        if since is not None:
            earliest = since
            latest = since + (self.settings.within_s or float("inf"))
        if self.settings.last_s is not None and duration_s is not None:
            earliest = max(earliest, duration_s - self.settings.last_s)
        if earliest > 0.0 or latest != float("inf"):
            spans = [[s for s in of if earliest <= s.start <= latest] for of in spans]
        found = occurrences(self.tree, spans)
        if len(found) < self.settings.count:
            return None
        return tuple(span for one in found[: self.settings.count] for span in one)
