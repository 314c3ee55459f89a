"""When a recording is whole: a verdict over the sizes that were seen, as data.

A job keeps a `Settling` where it keeps itself, so a restart goes on with what was seen before.
Pure: moments and sizes come in, a verdict and the next moment to look go out.
"""

from typing import Literal

import msgspec

FIRST_LOOK_S, LAST_LOOK_S = 1.0, 600.0
"""Pauses between two looks at a place where nothing is yet: they grow with the time waited."""


class SettleRules(msgspec.Struct, frozen=True):
    """How long to wait for what."""

    settle_s: float = 3.0
    """Seconds without growth after which a file is whole (Asterisk's own steps are 4.1 s at most,
    and its last one comes at the hang-up)."""
    late_s: float = 86_400.0
    """Seconds that a file may be missing or without sound before it is given up."""


class Verdict(msgspec.Struct, frozen=True):
    """What to do with the recording."""

    kind: Literal["ready", "wait", "missing", "empty"]
    look_at: float | None = None
    """With `wait`: unix seconds of the next look."""


class Settling(msgspec.Struct, frozen=True):
    """What was seen of one file so far. Times are unix seconds."""

    first: float
    """The first look."""
    since: float
    """Since when it has the size it has."""
    size: int | None = None
    """None: it is not there."""

    @classmethod
    def begin(cls, at: float, size: int | None) -> "Settling":
        """The first look at it."""
        return cls(at, at, size)

    def look(self, at: float, size: int | None) -> "Settling":
        """Another look. A clock that was set back begins the wait anew."""
        if size == self.size and at >= self.since:
            return self
        return Settling(min(self.first, at), at, size)

    def verdict(self, at: float, rules: SettleRules) -> Verdict:
        """What is to be done at this moment."""
        if self.size:
            whole_at = self.since + rules.settle_s
            return Verdict("ready") if at >= whole_at else Verdict("wait", whole_at)
        if at >= self.first + rules.late_s:
            return Verdict("missing" if self.size is None else "empty")
        pause = min(max(FIRST_LOOK_S, (at - self.first) / 4), LAST_LOOK_S)
        return Verdict("wait", min(at + pause, self.first + rules.late_s))
