"""From an engine's seconds, which count samples, to seconds of the talk. Pure.

A tap sends nothing while its phone sends nothing (muted, a bad network), and what an engine cannot
keep up with is left out; the engine's own time stands still meanwhile.
"""

from bisect import bisect_right


class Timeline:
    """One side of one talk. `start_s`: where the first sample lies."""

    def __init__(self, start_s: float) -> None:
        self.fed_s = 0.0
        """Seconds of samples that the engine was given."""
        self._from = [0.0]
        self._ahead = [start_s]

    @property
    def now_s(self) -> float:
        """Where the next sample lies."""
        return self.fed_s + self._ahead[-1]

    def fed(self, seconds: float) -> None:
        """So much was given to the engine."""
        self.fed_s += seconds

    def skip(self, seconds: float) -> None:
        """So much of the talk the engine will not hear."""
        ahead = self._ahead[-1] + seconds
        if self._from[-1] == self.fed_s:
            self._ahead[-1] = ahead
        else:
            self._from.append(self.fed_s)
            self._ahead.append(ahead)

    def at(self, engine_s: float) -> float:
        """Seconds of the talk at a moment of the engine's."""
        return engine_s + self._ahead[bisect_right(self._from, engine_s) - 1]
