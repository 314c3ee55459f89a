"""Changes of all attachments, gathered and committed in one transaction.

Theory. A change, its tags, its outbox rows and the journal position up to which the attachment is
applied become durable together or not at all. So after kill -9 the journal behind that position is
fed again and gives exactly what is missing. While the store cannot be written (disk full, database
away) the batch is kept and tried again; the queue is bounded, and whoever fills it waits, while the
journal takes what the PBX says.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import Target
from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.model.outbox import OutboxRow
from calltrackd.pipeline.enrich import Enricher
from calltrackd.store import attachments, calls, outbox, tags
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

QUEUE_CHANGES = 5_000
"""Changes that may wait for the store; at 4 KB each some 20 MB."""
IDLE_COMMIT_S = 5.0
"""How long a position without a change may stay uncommitted."""
RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Committed(msgspec.Struct):
    """One transaction: records as saved, with their steps, and what targets are owed."""

    records: list[CallRecord]
    changes: list[Change]
    rows: list[OutboxRow]


class _Position(msgspec.Struct):
    seq: int
    applied: int


class Committer:
    """Takes changes, commits them, tells `told` what was committed. One instance, one `run`."""

    def __init__(
        self,
        store: Store,
        enricher: Enricher,
        targets: Sequence[Target],
        *,
        told: Callable[[Committed], None],
        unusable: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._enricher = enricher
        self._targets = targets
        self._told = told
        self._unusable = unusable
        self._clock = clock
        self._waiting: list[Change] = []
        self._origins: dict[str, int] = {}
        self._positions: dict[str, _Position] = {}
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.blocked: str | None = None
        """Why nothing can be committed now."""

    def adopt(self, targets: Sequence[Target]) -> None:
        """Targets of reloaded settings, for rows made from now on."""
        self._targets = targets

    async def put(
        self, pbx: str, seq: int, changes: Iterable[Change], first_seqs: dict[str, int]
    ) -> None:
        """Queue what came of the journal up to `seq`; waits while the queue is full."""
        await self._room.wait()
        position = self._positions.setdefault(pbx, _Position(0, 0))
        position.seq = max(position.seq, seq)
        for change in changes:
            self._waiting.append(change)
            self._origins[change.record.id] = first_seqs.get(change.record.id, seq)
            if change.step == "ended":
                first_seqs.pop(change.record.id, None)
        if self._waiting:
            self._work.set()
        if len(self._waiting) >= QUEUE_CHANGES:
            self._room.clear()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            try:
                async with asyncio.timeout(IDLE_COMMIT_S):
                    await self._work.wait()
            except TimeoutError:
                pass
            await self.flush()

    async def flush(self) -> None:
        """Commit all that waits now; keeps trying while the store cannot be written."""
        while self._waiting or self._unapplied():
            batch, self._waiting = self._waiting, []
            self._work.clear()
            self._room.set()
            await self._commit_stubbornly(batch, self._unapplied())

    def _unapplied(self) -> dict[str, int]:
        return {p: at.seq for p, at in self._positions.items() if at.seq > at.applied}

    async def _commit_stubbornly(self, batch: list[Change], positions: dict[str, int]) -> None:
        while True:
            try:
                done = await self._submit(batch, positions)
            except StoreDown as error:
                await self._wait_for_store(error)
            except Exception:  # noqa: BLE001 - border: whatever one change breaks, others go on
                if len(batch) <= 1:
                    self._set_aside(batch, positions)
                    return
                middle = len(batch) // 2
                await self._commit_stubbornly(batch[:middle], {})
                batch = batch[middle:]
            else:
                self._settle(done, positions)
                return

    async def _submit(self, batch: list[Change], positions: dict[str, int]) -> Committed:
        return await self._store.writer.submit(
            lambda conn: self._transaction(conn, batch, positions)
        )

    def _set_aside(self, batch: list[Change], positions: dict[str, int]) -> None:
        """A change that no transaction takes must not stop the others; the journal keeps it."""
        for change in batch:
            _log.exception("change.unusable", call=change.record.id, step=change.step)
            self._unusable("change")
        self._settle(Committed([], batch, []), positions)

    async def _wait_for_store(self, error: StoreDown) -> None:
        if self.blocked != str(error):
            _log.error("store.cannot_write", reason=str(error), kept="journal and memory")
        self.blocked = str(error)
        await asyncio.sleep(RETRY_S)

    def _settle(self, done: Committed, positions: dict[str, int]) -> None:
        if self.blocked is not None:
            _log.info("store.writes_again")
            self.blocked = None
        for pbx, seq in positions.items():
            self._positions[pbx].applied = seq
        for change in done.changes:
            if change.step == "ended":
                self._origins.pop(change.record.id, None)
        self._enricher.forget(done.changes)
        self._told(done)

    async def _transaction(
        self, conn: AsyncConnection, batch: list[Change], positions: dict[str, int]
    ) -> Committed:
        if positions and await self._is_applied(conn, positions):
            return Committed([], batch, [])
        changes = await self._tag(conn, batch)
        await self._enricher.enrich(conn, changes)
        records = await calls.save(conn, changes, self._origins)
        now = self._clock()
        rows = [
            row
            for record, change in zip(records, changes, strict=True)
            for row in rows_for(record, change.step, self._targets, now)
        ]
        await outbox.add(conn, rows)
        for pbx, seq in positions.items():
            await attachments.set_applied(conn, pbx, seq, now)
        return Committed(records, changes, rows)

    async def _is_applied(self, conn: AsyncConnection, positions: dict[str, int]) -> bool:
        """A commit whose answer was lost happened all the same; its rows wait in the outbox."""
        found = [await attachments.applied(conn, pbx) for pbx in positions]
        return all(there >= seq for there, seq in zip(found, positions.values(), strict=True))

    async def _untag(self, conn: AsyncConnection, call_id: str, tag: Tag) -> bool:
        return await tags.remove(conn, call_id, tag.name, tag.at, set_by=(tag.source, tag.by))

    async def _tag(self, conn: AsyncConnection, batch: list[Change]) -> list[Change]:
        """Write the tags; a change that only repeats known tags is none."""
        new = await tags.add(conn, [(c.record.id, tag) for c in batch for tag in c.tags])
        kept = []
        for change in batch:
            removed = [await self._untag(conn, change.record.id, tag) for tag in change.untags]
            only_tags = change.step == "updated" and (change.tags or change.untags)
            if not only_tags or change.record.id in new or any(removed):
                kept.append(change)
        return kept
