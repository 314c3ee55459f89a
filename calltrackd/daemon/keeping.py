"""Chores of the store and the journals: what is needed no longer goes."""

import asyncio
import time
from collections.abc import Callable

import structlog

from calltrackd.daemon.attachment import Attachment
from calltrackd.settings import Settings
from calltrackd.store import retention
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

EVERY_S = 10.0
"""What a start after a crash reads again is not much older."""
PRUNE_EVERY_S = 600.0
DAY_S = 86_400.0
KEEP_WEBHOOKS_S = 7 * DAY_S
"""How long a webhook of a CRM is kept after it was worked on."""

_log = structlog.get_logger(__name__)


class Keeping:
    """`kept`: the settings and attachments as they are now."""

    def __init__(self, store: Store, kept: Callable[[], tuple[Settings, list[Attachment]]]) -> None:
        self._store = store
        self._kept = kept
        self._prune_at = 0.0

    async def run(self) -> None:
        """Until cancelled. What fails, a store that is away above all, is tried again next time."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.once()
            except StoreDown as error:
                _log.debug("keeping.later", reason=str(error))
            except Exception:  # noqa: BLE001 - border: no chore is worth a stop
                _log.exception("keeping.failed")

    async def once(self) -> None:
        """Do what is to be done now. Raises StoreDown."""
        settings, attachments = self._kept()
        for attachment in attachments:
            await attachment.keep(self._store)
        now = time.monotonic()
        if now < self._prune_at:
            return
        await self._prune_returns(settings)
        if settings.store.retention_days:
            await self._prune(time.time() - settings.store.retention_days * DAY_S)
        self._prune_at = now + PRUNE_EVERY_S

    async def _prune_returns(self, settings: Settings) -> None:
        now = time.time()
        looked_before = now - settings.responsible.keep_days * DAY_S
        await self._store.writer.submit(
            lambda conn: retention.prune_returns(conn, now - KEEP_WEBHOOKS_S, looked_before)
        )

    async def _prune(self, before: float) -> None:
        """Records only: audio files are the PBX's, and its own housekeeping's."""
        while True:
            gone = await self._store.writer.submit(lambda conn: retention.prune(conn, before))
            if not gone.calls:
                return
            _log.info("calls.pruned", calls=gone.calls, tags=gone.tags, before=before)
