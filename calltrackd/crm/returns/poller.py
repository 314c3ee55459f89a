"""Polls one target for deals that changed: what webhooks lost is found all the same.

The watermark is the CRM's own time of the latest change that is committed, so its clock and ours
may differ. Each poll begins OVERLAP_S before it: a CRM's search may lag, its seconds are whole, and
a change can be told while another of the same second is on its way. What is seen twice is no news.
A page and the watermark behind it are one transaction: a poll that breaks off goes on from there.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.returns import troubles
from calltrackd.crm.returns.origin import Keeper, Origin
from calltrackd.crm.returns.ports import Deals
from calltrackd.model.deal import Deal
from calltrackd.store import watermarks
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

OVERLAP_S = 300.0
RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Poller:
    """`run` in a task. Build it only for an origin whose connector can read deals."""

    def __init__(
        self,
        origin: Origin,
        deals: Deals,
        store: Store,
        keep: Keeper,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._deals = deals
        self._store = store
        self._keep = keep
        self._clock = clock
        self._trouble = ""
        self._failing_since: float | None = None
        self.polled_at: float | None = None
        """When the last whole poll began (unix seconds); None: none was whole since the start."""

    async def run(self) -> None:
        """Poll, pause, until cancelled."""
        while True:
            pause = await self._pause()
            await asyncio.sleep(pause)

    async def _pause(self) -> float:
        """Poll once; seconds until the next one."""
        try:
            await self.once()
        except StoreDown as error:
            self._tell(f"the store is away: {error}")
            return RETRY_S
        except Exception as error:  # noqa: BLE001 - border: a CRM that fails is asked again
            self._tell(troubles.text(error))
            return self._patience(error)
        self._trouble, self._failing_since = "", None
        return self._origin.poll_s

    def _patience(self, error: Exception) -> float:
        """Seconds until the next try: as the CRM asks, else by the age of the trouble."""
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
        longest = max(self._origin.poll_s, 60.0)
        return min(troubles.wait_s(error, now - self._failing_since), longest)

    async def once(self) -> None:
        """One whole poll. Raises what the connector raises, and StoreDown."""
        began = self._clock()
        async with self._store.read() as conn:
            mark = await watermarks.get(conn, self._origin.target)
        since = began - self._origin.window_s if mark is None else mark - OVERLAP_S
        read_at = began
        async for page in self._deals.changed_deals(since):
            if page:
                await self._commit(page, read_at)
            read_at = self._clock()
        self.polled_at = began

    async def _commit(self, page: Sequence[Deal], read_at: float) -> None:
        now = self._clock()
        latest = min(max(deal.changed_at for deal in page), now)
        advance = partial(self._advance, to=latest, at=now)
        try:
            await self._keep(self._origin, page, "poll", read_at, advance)
        except StoreDown:
            raise
        except Exception as error:  # noqa: BLE001 - border: a deal that can't be kept harms no other
            if len(page) == 1:
                _log.error("deal.unusable", deal=page[0].id, exc_info=error)
                await self._store.writer.submit(advance)
                return
            for deal in page:
                await self._commit([deal], read_at)

    async def _advance(self, conn: AsyncConnection, to: float, at: float) -> None:
        await watermarks.advance(conn, self._origin.target, to, at)

    def _tell(self, reason: str) -> None:
        if reason != self._trouble:
            _log.warning("poll.failed", target=self._origin.target, reason=reason)
        self._trouble = reason
