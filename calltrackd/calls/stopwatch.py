"""Seconds that add up over several stays."""


class Stopwatch:
    """Starts and stops with the events' times; repeated starts and stops change nothing."""

    __slots__ = ("_since", "_total")

    def __init__(self) -> None:
        self._since: float | None = None
        self._total = 0.0

    @property
    def running(self) -> bool:
        """Between start and stop."""
        return self._since is not None

    def start(self, at: float) -> None:
        """Begin a stay."""
        if self._since is None:
            self._since = at

    def stop(self, at: float) -> None:
        """End it."""
        if self._since is not None:
            self._total += max(0.0, at - self._since)
            self._since = None

    def total(self, at: float) -> float:
        """Seconds up to `at`."""
        return self._total + (max(0.0, at - self._since) if self._since is not None else 0.0)
