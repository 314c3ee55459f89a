"""The time that chunks of a PBX bear: this machine's, but never set back amid a call.

When NTP or an admin sets the clock back, a call in progress would end before it began. So time
goes on by the monotonic clock until no call is in progress, or the set clock has caught up. A
clock that is set forward is believed at once: the machine may have slept.
"""

import time
from collections.abc import Callable

SLACK_S = 0.05
"""Slewing and rounding: no step."""


class SteadyClock:
    """Call it for unix seconds. `idle`: whether a step back would harm nobody now."""

    def __init__(
        self,
        idle: Callable[[], bool],
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._idle = idle
        self._wall = wall
        self._monotonic = monotonic
        self._ahead = wall() - monotonic()
        """Unix seconds minus monotonic ones."""

    def __call__(self) -> float:
        """Unix seconds."""
        wall, monotonic = self._wall(), self._monotonic()
        if wall - monotonic >= self._ahead - SLACK_S or self._idle():
            self._ahead = wall - monotonic
        return monotonic + self._ahead
