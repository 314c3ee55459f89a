"""What of a CRM seldom changes, read once in a while for all who ask."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from calltrackd.crm.clock import Clock

KEPT_S = 3600.0


class Kept:
    """`await get(what, read)`: read by whoever comes first, while the others wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, what: str, read: Callable[[], Awaitable[Any]]) -> Any:
        """What was read within the hour, else what `read` gives. Raises what it raises."""
        async with self._reading[what]:
            now = self._clock.now()
            at, value = self._known.get(what, (-KEPT_S, None))
            if now - at >= KEPT_S:
                value = await read()
                self._known[what] = now, value
            return value

    def forget(self, what: str) -> None:
        """It has to be read anew."""
        self._known.pop(what, None)
