"""What systemd hears: how the daemon is, and that it lives."""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.ops.systemd import Notifier
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

STATUS_S = 10.0
"""The status line is told so often without a watchdog."""

_log = structlog.get_logger(__name__)


class Pulse:
    """Alive means: the loop turns and the store's writer answers.

    A store that says it is down is an answer: links go on, and a restart would not mend it.
    """

    def __init__(self, notifier: Notifier, store: Store, status: Callable[[], str]) -> None:
        self._notifier = notifier
        self._store = store
        self._status = status
        self._hung = False

    async def run(self) -> None:
        """Until cancelled. systemd's patience is two periods; a kick is due within one and a half.

        A writer that waits for another process's lock answers after 10 s (store.sqlite.BUSY_S).
        """
        period = self._notifier.watchdog_s
        while True:
            await asyncio.sleep(STATUS_S if period is None else period / 2)
            self._notifier.status(self._status())
            if period is not None and await self._writes(period):
                self._notifier.watchdog()

    async def _writes(self, patience_s: float) -> bool:
        """Whether the writer answers within this time."""
        try:
            async with asyncio.timeout(patience_s):
                await self._store.writer.submit(_nothing)
        except StoreDown:
            pass
        except TimeoutError:
            if not self._hung:
                _log.error("store.hangs", patience_s=patience_s)
            self._hung = True
            return False
        self._hung = False
        return True


async def _nothing(_conn: AsyncConnection) -> None:
    """A unit of work that only the writer itself can hold up."""
