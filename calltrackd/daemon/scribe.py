"""Commits what was heard of calls that live, in order; while the store is away it waits."""

import asyncio
import time
from collections.abc import Callable

import structlog

from calltrackd.crm.target import targets_of
from calltrackd.daemon.tally import Tally
from calltrackd.pipeline import spoken
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.spoken import Spoken
from calltrackd.settings import Settings
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

MOST_WAITING = 1_000
"""What is left out beyond is found again in the recordings."""
RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Scribe:
    """`write` never waits; `run` in a task."""

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        told: Callable[[Committed], None],
        tally: Tally,
    ) -> None:
        self._store = store
        self._settings = settings
        self._told = told
        self._tally = tally
        self._waiting: asyncio.Queue[Spoken] = asyncio.Queue(MOST_WAITING)

    def write(self, heard: Spoken) -> None:
        """Have it committed."""
        try:
            self._waiting.put_nowait(heard)
        except asyncio.QueueFull:
            tags = ",".join(tag.name for tag in heard.tags)
            _log.error("speech.not_written", call=heard.call_id, tags=tags)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            heard = await self._waiting.get()
            try:
                await self._write(heard)
            except Exception:  # noqa: BLE001 - border: one call's words must not cost another's
                _log.exception("speech.not_written", call=heard.call_id)

    async def _write(self, heard: Spoken) -> None:
        while True:
            try:
                done = await self._submit(heard)
            except StoreDown:
                await asyncio.sleep(RETRY_S)
            else:
                if done is not None:
                    self._tally.written(heard, done, time.time())
                    self._told(done)
                return

    async def _submit(self, heard: Spoken) -> Committed | None:
        settings = self._settings()
        targets = targets_of(settings)
        return await self._store.writer.submit(
            lambda conn: spoken.save(conn, heard, targets, settings.kinds, time.time())
        )
