"""How fast a CRM may be asked: a leaky bucket that owns the pauses, urgent requests first.

The bucket leaks `rate` requests a second and holds `burst`; at a start it is full, since the CRM
counts what we sent before we were killed. A CRM that says "too fast" pauses the
bucket, as a whole or for one method, so nobody burns an attempt to learn the same. Who waits is
served in order, but a card that must be there before the phone is picked up overtakes all records.
"""

import asyncio
from heapq import heappop, heappush
from itertools import count
from typing import Self

from calltrackd.crm.clock import Clock, Timer

_Waiting = tuple[bool, int, str, "asyncio.Future[None]"]


class Limiter:
    """`await turn()` before each request; `pause` when the CRM asks for silence."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        self._clock = clock
        self._rate, self._burst = rate, burst
        self._level, self._leaked_at = float(burst), clock.now()
        self._until = 0.0
        self._methods: dict[str, float] = {}
        self._queue: list[_Waiting] = []
        self._order = count()
        self._timer: Timer | None = None

    @classmethod
    def in_any_second(cls, clock: Clock, most: float) -> Self:
        """Never more than `most` requests within any second, a quarter of those at once.

        A CRM that allows N a second may count by a window that slides, so what goes at once is
        taken off the rate.
        """
        burst = max(1, int(most / 4))
        return cls(clock, most - burst + 1, burst)

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._queue)

    def paused(self, method: str = "") -> float:
        """Seconds for which nothing goes out, or nothing of that method."""
        return max(0.0, max(self._until, self._methods.get(method, 0.0)) - self._clock.now())

    def pause(self, seconds: float, method: str = "") -> None:
        """Nothing goes out for so long; with a method: no request of that method."""
        until = self._clock.now() + seconds
        if method:
            self._methods[method] = max(self._methods.get(method, 0.0), until)
        else:
            self._until = max(self._until, until)
        self._serve()

    async def turn(self, method: str = "", *, urgent: bool = False) -> None:
        """Wait until a request may go out."""
        future = asyncio.get_running_loop().create_future()
        heappush(self._queue, (not urgent, next(self._order), method, future))
        self._serve()
        await future

    def _serve(self) -> None:
        """Let go whoever may; set a timer for the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        self._leak(now)
        kept: list[_Waiting] = []
        while self._queue and now >= self._until and self._level <= self._burst - 1:
            one = heappop(self._queue)
            if one[3].done():
                continue
            if self._methods.get(one[2], 0.0) > now:
                kept.append(one)
                continue
            self._level += 1
            one[3].set_result(None)
        for one in kept:
            heappush(self._queue, one)
        if self._queue:
            self._timer = self._clock.call_at(self._next_at(now), self._serve)

    def _leak(self, now: float) -> None:
        self._level = max(0.0, self._level - max(0.0, now - self._leaked_at) * self._rate)
        self._leaked_at = now

    def _next_at(self, now: float) -> float:
        """When somebody may go, at the earliest."""
        room_at = now + max(0.0, self._level - (self._burst - 1)) / self._rate
        free_at = min(self._methods.get(one[2], 0.0) for one in self._queue)
        return max(room_at, self._until, free_at, now + 0.001)
