"""Seconds that add up over several stays."""


class Stopwatch:
    """Starts and stops with the events' times; repeated starts and stops change nothing."""

    __slots__ = ("past", "since")

    def __init__(self) -> None:
        self.since: float | None = None
        """When the present stay began."""
        self.past = 0.0
        """Seconds of the stays that are over."""

    @property
    def running(self) -> bool:
        """Between start and stop."""
        return self.since is not None

    def start(self, at: float) -> None:
        """Begin a stay."""
        if self.since is None:
            self.since = at

    def stop(self, at: float) -> None:
        """End it."""
        if self.since is not None:
            self.past += max(0.0, at - self.since)
            self.since = None

    def add(self, other: "Stopwatch") -> None:
        """Take over the stays of another one; one that goes on goes on here."""
        self.past += other.past
        if self.since is None:
            self.since = other.since

    def total(self, at: float) -> float:
        """Seconds up to `at`."""
        return self.past + (max(0.0, at - self.since) if self.since is not None else 0.0)
