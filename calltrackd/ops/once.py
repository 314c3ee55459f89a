"""What can't be used is counted always and logged once: a flood must not become a log."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

MOST_KINDS = 500
"""More kinds than this come from garbage, not from a PBX; they are counted together."""
OTHER = "other"

_log = structlog.get_logger(__name__)


class Once:
    """Counts by kind; the first of a kind is logged as a warning with its details.

    `count` is told of each one, e.g. `lambda kind: metrics.unusable.labels(kind).inc()`.
    """

    def __init__(self, count: Callable[[str], None] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._count = count

    def __call__(self, kind: str, **details: Any) -> None:
        """One more of this kind; `details` show in the log when it is the first."""
        if kind not in self.counts and len(self.counts) >= MOST_KINDS:
            kind = OTHER
        self.counts[kind] += 1
        if self._count is not None:
            self._count(kind)
        if self.counts[kind] == 1:
            _log.warning("unusable, later ones are only counted", kind=kind, **details)
