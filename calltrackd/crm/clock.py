"""Wall time and timers, so that days can pass in a test without anybody waiting."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

MOST_S = 60.0
"""A timer of wall time is looked at again after this: the clock may be set meanwhile."""


class Timer(Protocol):
    """Something that can still be called off."""

    def cancel(self) -> None:
        """Call it off; harmless when it is over."""


class Clock(Protocol):
    """Unix seconds, and callbacks at them."""

    def now(self) -> float:
        """Unix seconds."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at `when` (unix seconds), or somewhat earlier: the caller looks again."""


class WallClock:
    """The machine's clock and the running loop's timers."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at `when`, or after a minute if that is sooner."""
        delay = min(max(when - time.time(), 0.0), MOST_S)
        return asyncio.get_running_loop().call_later(delay, callback)
