"""Who is in the talk at a moment: files go on while an operator is on hold or the client is parked.

Pure. Moments are unix seconds.
"""

from bisect import bisect_right

from calltrackd.model.call import Party

MOST_CHANGES = 64
"""Sound is heard some seconds after it was said; what is further back is not asked for."""
SLACK_S = 0.5
"""Sound and events are no better in step than this."""


class Presence:
    """The sides that talk with each other now."""

    def __init__(self) -> None:
        self._since: list[float] = []
        self._sides: list[frozenset[Party]] = []

    def change(self, at: float, sides: frozenset[Party]) -> None:
        """From `at` on it is these; the first ones have been there before, too."""
        if not self._sides or self._sides[-1] != sides:
            self._since.append(at if self._since else 0.0)
            self._sides.append(sides)
        del self._since[:-MOST_CHANGES], self._sides[:-MOST_CHANGES]

    def talks(self, side: Party, at: float) -> bool:
        """Whether the side was in the talk at that moment, or nearly so."""
        first = max(0, bisect_right(self._since, at - SLACK_S) - 1)
        last = bisect_right(self._since, at + SLACK_S)
        return any(side in sides for sides in self._sides[first:last])
