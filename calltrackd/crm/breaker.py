"""Is the target there? One probe at a time finds out, instead of thousands of rows (pure).

closed ── an outage, or trouble with several calls in a row ──► open until T
  ▲                                                              │ T passes
  └────────────── the probe is delivered ◄── half-open ◄─────────┘
                                               │ it fails: open again, for longer
While it is open the rows wait for the target, not for themselves: their own schedule stands still.
One failing call alone does not open it: that may be the call's own content.
"""

from collections.abc import Callable
from typing import Literal

from calltrackd.crm import backoff
from calltrackd.crm.outcome import Failed

SUSPECTS = 3
"""So many different calls in trouble, none delivered between them, are the target's trouble."""

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The state of one target. `chance`: uniform random numbers in [0, 1)."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._suspects: set[str] = set()
        self._failures = 0
        self.until: float | None = None
        """Unix seconds of the next probe; None while closed."""

    def state(self, now: float) -> State:
        """Closed: send all; open: send none; half-open: send one."""
        if self.until is None:
            return "closed"
        return "half-open" if now >= self.until else "open"

    def delivered(self) -> bool:
        """A row was taken. True when this ended an outage."""
        recovered = self.until is not None
        self._suspects.clear()
        self._failures = 0
        self.until = None
        return recovered

    def failed(self, call_id: str, failure: Failed, now: float) -> None:
        """A row was not taken: opens, stays open for longer, or only takes note."""
        if failure.scope == "row":
            return
        self._suspects.add(call_id)
        sure = failure.scope == "outage" or len(self._suspects) >= SUSPECTS
        if sure or self.until is not None:
            self._open(now, failure.after)

    def blocked(self, now: float, after: float | None) -> None:
        """Nothing can be sent at all: look again once in a long while, or `after` seconds."""
        self.until = now + (backoff.PAUSE_CAP_S if after is None else after)

    def _open(self, now: float, after: float | None) -> None:
        if self.state(now) == "open" and after is None:
            return  # answers of requests that were under way when it opened
        self._failures += 1
        pause = backoff.pause(self._failures, self._chance()) if after is None else after
        self.until = max(now + max(pause, backoff.FLOOR_S), self.until or 0.0)
