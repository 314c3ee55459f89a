"""Writes how deliveries went, many a transaction; what the store cannot take now, it takes later.

Nobody waits for it: a row counts as delivered when the target took it. Between that and the commit
lies the one moment in which a crash makes us send again, with the same id.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from calltrackd.crm.ledger import Ledger
from calltrackd.model.outbox import OutboxRow

LINGER_S = 0.2
"""Gathers results into few writes; after a crash so much is sent again, under the same ids."""
AGAIN_S = 1.0
"""Between attempts while the store is away."""

_log = structlog.get_logger(__name__)
Committed = Callable[[OutboxRow], None]


class Settler:
    """Call `put` for each tried row; `run` until `stop`."""

    def __init__(
        self, ledger: Ledger, linger_s: float = LINGER_S, again_s: float = AGAIN_S
    ) -> None:
        self._ledger = ledger
        self._linger_s = linger_s
        self._again_s = again_s
        self._tried: dict[str, tuple[OutboxRow, Committed]] = {}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._trouble = ""

    def put(self, row: OutboxRow, committed: Committed) -> None:
        """`row` has a new state; `committed(row)` is called once the store has it."""
        self._tried[row.id] = (row, committed)
        self._idle.clear()
        self._wake.set()

    async def flush(self, deadline_s: float) -> None:
        """Wait until the store has everything, but not longer than `deadline_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await self._idle.wait()

    def stop(self) -> None:
        """Write what is there without lingering, then end `run`."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Write until stopped; the last try after `stop` may fail: those rows are sent again."""
        while not self._stopping.is_set() or self._tried:
            await self._wake.wait()
            self._wake.clear()
            await self._pause(self._linger_s)
            if self._tried and not await self._written():
                if self._stopping.is_set():
                    return
                await self._pause(self._again_s)
                self._wake.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _written(self) -> bool:
        batch, self._tried = self._tried, {}
        try:
            await self._ledger.settle([row for row, _ in batch.values()])
        except Exception as error:  # noqa: BLE001 - whatever it is, the results must not be lost
            self._tried = {**batch, **self._tried}
            self._tell(error)
            return False
        self._trouble = ""
        for row, committed in batch.values():
            committed(row)
        if not self._tried:
            self._idle.set()
        return True

    def _tell(self, error: Exception) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            _log.error("results of deliveries cannot be written, kept for later", error=error)
