"""Whose phones ring, told while they do to the targets that show cards.

Nothing of this is rebuilt from the journal, as changes of the record are: after a restart only what
rings then is worth telling. Where no target wants it, nothing is made at all.
"""

import asyncio
from collections.abc import Callable

from calltrackd.pipeline.commit import Committer
from calltrackd.pipeline.street import Street

TOGETHER_S = 0.1
"""The phones of a group begin to ring, or stop, within this time of each other."""
LATE_S = 2.0
"""Older news of what rings is none: what came of it lies in the journal already."""


class Ringing:
    """Of one attachment. `run` in a task; `behind`: chunks wait for the street."""

    def __init__(
        self,
        street: Street,
        committer: Committer,
        clock: Callable[[], float],
        behind: Callable[[], bool],
    ) -> None:
        self._street, self._committer = street, committer
        self._clock, self._behind = clock, behind
        self._moved = asyncio.Event()

    def look(self) -> None:
        """The street took a chunk."""
        if self._street.tracker.ringing_moved and self._committer.tells_ringing:
            self._moved.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        self.look()
        while True:
            await self._moved.wait()
            await asyncio.sleep(TOGETHER_S)
            self._moved.clear()
            await self._tell()

    async def _tell(self) -> None:
        street, now = self._street, self._clock()
        if self._behind() and now - street.at > LATE_S:
            return
        told = street.tracker.take_ringing(now)
        changes = [change for change in told if self._committer.hears(change)]
        if changes:
            await self._committer.put(street.pbx, street.seq, changes, street.first_seqs)
