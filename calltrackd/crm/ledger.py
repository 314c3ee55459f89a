"""The dispatcher's view of the store: what is owed, and how it went."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select

from calltrackd.model.outbox import OutboxRow
from calltrackd.store import outbox
from calltrackd.store.engine import Store
from calltrackd.store.tables import OWED, calls
from calltrackd.store.tables import outbox as table


class Ledger(Protocol):
    """Every method raises StoreDown when the store is away."""

    async def due(self, target: str, now: float, limit: int) -> list[OutboxRow]:
        """Rows that may be sent now, at most one a call, the longest due first."""

    async def owed(self, target: str, limit: int) -> list[OutboxRow]:
        """Waiting rows, due or not: all of them when fewer than `limit` come."""

    async def picked_up_at(self, call_id: str) -> float | None:
        """When the call was answered or ended (unix seconds); None while it rings."""

    async def settle(self, rows: Sequence[OutboxRow]) -> None:
        """Write down the new states of tried rows."""

    async def interrupted(self) -> int:
        """At a start: rows that were being sent are of unknown outcome. Returns how many."""


class StoreLedger:
    """The ledger in the daemon's own store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def due(self, target: str, now: float, limit: int) -> list[OutboxRow]:
        """Rows that may be sent now, at most one a call, the longest due first."""
        async with self._store.read() as conn:
            return await outbox.waiting(conn, target, limit, due=now)

    async def owed(self, target: str, limit: int) -> list[OutboxRow]:
        """Waiting rows, due or not: all of them when fewer than `limit` come."""
        query = select(table).where(table.c.target == target, OWED).limit(limit)
        async with self._store.read() as conn:
            return [OutboxRow(**row) for row in (await conn.execute(query)).mappings()]

    async def picked_up_at(self, call_id: str) -> float | None:
        """When the call was answered or ended (unix seconds); None while it rings."""
        query = select(calls.c.answered_at, calls.c.ended_at).where(calls.c.id == call_id)
        async with self._store.read() as conn:
            found = (await conn.execute(query)).first()
        return min((moment for moment in found or () if moment is not None), default=None)

    async def settle(self, rows: Sequence[OutboxRow]) -> None:
        """Write down the new states of tried rows, in the writer's next transaction."""
        await self._store.writer.submit(lambda conn: outbox.settle(conn, rows))

    async def interrupted(self) -> int:
        """At a start: rows that were being sent are of unknown outcome. Returns how many."""
        return await self._store.writer.submit(outbox.interrupted)
