"""Changes of all attachments, gathered and committed in one transaction.

Theory. A change, its tags, its outbox rows and the journal position up to which the attachment is
applied become durable together or not at all. So after kill -9 the journal behind that position is
fed again and gives exactly what is missing. While the store cannot be written (disk full, database
away) the batch is kept and tried again; the queue is bounded, and whoever fills it waits, while the
journal takes what the PBX says.

    all at once ── StoreDown ──► wait, ask how far the store got, all at once again
        │
        └── anything else ─────► each change behind a savepoint of its own, still one transaction:
                                 the poison one is set aside and counted, the others are committed
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import Target
from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.model.outbox import OutboxRow
from calltrackd.pipeline.clients import Clients, Nobody, introduce
from calltrackd.pipeline.enrich import Enricher
from calltrackd.pipeline.queued import jobs_of
from calltrackd.store import attachments, calls, outbox, people, speech_jobs, tags
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown, typed

QUEUE_CHANGES = 5_000
"""Changes that may wait for the store; at 4 KB each some 20 MB."""
PACE_S = 0.01
"""Between the beginnings of two transactions: one costs 2 ms of processor, whatever is in it. One
PBX is read in longer pauses (pbx/coalescing.py) and never waits here; many share a hundred."""
IDLE_COMMIT_S = 5.0
"""How long a position without a change may stay uncommitted."""
RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Committed(msgspec.Struct):
    """One transaction: records as saved, with their changes, and what targets are owed."""

    records: list[CallRecord]
    changes: list[Change]
    rows: list[OutboxRow]


class _Position(msgspec.Struct):
    seq: int
    applied: int


class _Batch(msgspec.Struct):
    """What goes into one transaction, and how its earlier attempts went."""

    changes: list[Change]
    positions: dict[str, int]
    uncertain: bool = False
    """An attempt failed without an answer: it may have been committed all the same."""
    careful: bool = False
    """A change is poison: each behind a savepoint."""
    spoilt: list[tuple[Change, Exception]] = []


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
        listens: bool = False,
        clients: Clients | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._enricher = enricher
        self._targets = targets
        self._listens = listens
        self._clients = Nobody() if clients is None else clients
        self._told = told
        self._unusable = unusable
        self._clock = clock
        self._waiting: list[Change] = []
        self._origins: dict[str, int] = {}
        self._positions: dict[str, _Position] = {}
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._stopping = False
        self.blocked: str | None = None
        """Why nothing can be committed now."""

    def adopt(self, targets: Sequence[Target], *, listens: bool) -> None:
        """Reloaded settings, for what is committed from now on. `listens`: recordings are heard."""
        self._targets = targets
        self._listens = listens

    @property
    def tells_ringing(self) -> bool:
        """Some target wants to hear whose phones ring."""
        return any("ringing" in target.wants.events for target in self._targets)

    def hears(self, change: Change) -> bool:
        """Some target wants to hear of this change."""
        return any(target.wants(change.record, change.step) for target in self._targets)

    def resume(self, pbx: str, applied: int) -> int:
        """The attachment begins (again), with `applied` in the store: what it need not put.

        More than `applied` when changes of a moment ago still wait here for the store.
        """
        position = self._positions.setdefault(pbx, _Position(applied, applied))
        position.seq = max(position.seq, applied)
        position.applied = max(position.applied, applied)
        return position.seq

    async def put(
        self, pbx: str, seq: int, changes: Iterable[Change], first_seqs: Mapping[str, int]
    ) -> None:
        """Queue what came of the journal up to `seq`, then wait while the queue is full.

        All is queued before the first wait, so whoever is cancelled there has lost nothing.
        """
        position = self._positions.setdefault(pbx, _Position(0, 0))
        position.seq = max(position.seq, seq)
        for change in changes:
            self._waiting.append(change)
            self._origins[change.record.id] = first_seqs.get(change.record.id, seq)
        if self._waiting:
            self._work.set()
        if len(self._waiting) >= QUEUE_CHANGES:
            self._room.clear()
        await self._room.wait()

    async def run(self) -> None:
        """Commit until `stop`, and then all that waits."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_COMMIT_S):
                    await self._work.wait()
            next_at = loop.time() + PACE_S
            await self._commit_waiting()
            await asyncio.sleep(next_at - loop.time())
        await self.flush()

    def stop(self) -> None:
        """Have `run` end once all is committed. Cancel it to leave the rest to the journal."""
        self._stopping = True
        self._work.set()

    async def flush(self) -> None:
        """Commit all that waits now; keeps trying while the store cannot be written."""
        await self._commit_waiting()
        while self._waiting:
            await self._commit_waiting()

    async def _commit_waiting(self) -> None:
        await introduce(self._waiting, self._clients)
        batch = _Batch(self._waiting, self._unapplied())
        self._waiting = []
        self._work.clear()
        self._room.set()
        if batch.changes or batch.positions:
            await self._commit(batch)

    def _unapplied(self) -> dict[str, int]:
        return {p: at.seq for p, at in self._positions.items() if at.seq > at.applied}

    async def _commit(self, batch: _Batch) -> None:
        """Try until it is done."""
        while True:
            try:
                done = await self._store.writer.submit(lambda conn: self._transaction(conn, batch))
            except StoreDown as error:
                batch.uncertain = True
                await self._wait_for_store(error)
            except Exception as error:  # noqa: BLE001 - border: whatever a change breaks, others go on
                if batch.careful:
                    await self._wait_for_store(error)
                batch.careful = True
            else:
                self._settle(batch, done)
                return

    async def _wait_for_store(self, error: Exception) -> None:
        if self.blocked != str(error):
            _log.error("store.cannot_write", reason=str(error), kept="journal and memory")
        self.blocked = str(error)
        await asyncio.sleep(RETRY_S)

    # -- after the commit

    def _settle(self, batch: _Batch, done: Committed) -> None:
        if self.blocked is not None:
            _log.info("store.writes_again")
            self.blocked = None
        for pbx, seq in batch.positions.items():
            self._positions[pbx].applied = seq
        for change in batch.changes:
            if change.step == "ended":
                self._origins.pop(change.record.id, None)
        self._enricher.forget(batch.changes)
        for change, error in batch.spoilt:
            _log.error("change.unusable", call=change.record.id, step=change.step, exc_info=error)
            self._unusable("change")
        self._tell(done)

    def _tell(self, done: Committed) -> None:
        try:
            self._told(done)
        except Exception:  # noqa: BLE001 - border: what is committed stays so
            _log.exception("committed.untold", calls=[record.id for record in done.records])
            self._unusable("news")

    # -- inside the transaction, which can run twice

    async def _transaction(self, conn: AsyncConnection, batch: _Batch) -> Committed:
        if batch.uncertain and await self._is_applied(conn, batch.positions):
            return await self._read_again(conn, batch.changes)
        if batch.careful:
            done = await self._save_one_by_one(conn, batch)
        else:
            done = await self._save(conn, batch.changes)
        for pbx, seq in batch.positions.items():
            await attachments.set_applied(conn, pbx, seq, self._clock())
        return done

    async def _save(self, conn: AsyncConnection, batch: Sequence[Change]) -> Committed:
        changes = await self._tag(conn, batch)
        met = [(c.record.id, c.record.responsible) for c in changes if c.record.responsible]
        await people.set_for(conn, met, self._clock())
        stood = await calls.standing(conn, changes)
        await self._enricher.enrich(conn, changes, stood.tags)
        records = await calls.save(conn, changes, self._origins, stood)
        now = self._clock()
        rows = [
            row
            for record, change in zip(records, changes, strict=True)
            for row in rows_for(record, change.step, self._targets, now, change.alert)
        ]
        await outbox.add(conn, rows)
        if self._listens:
            await speech_jobs.add(conn, jobs_of(records, changes), now)
        return Committed(records, changes, rows)

    async def _save_one_by_one(self, conn: AsyncConnection, batch: _Batch) -> Committed:
        done = Committed([], [], [])
        batch.spoilt = []
        for change in batch.changes:
            try:
                async with conn.begin_nested():
                    one = await self._save(conn, [change])
            except Exception as error:
                if typed(error) is not None:
                    raise
                batch.spoilt.append((change, error))
            else:
                done.records += one.records
                done.changes += one.changes
                done.rows += one.rows
        return done

    async def _is_applied(self, conn: AsyncConnection, positions: Mapping[str, int]) -> bool:
        """A commit whose answer was lost happened all the same."""
        found = [await attachments.applied(conn, pbx) >= seq for pbx, seq in positions.items()]
        return bool(found) and all(found)

    async def _read_again(self, conn: AsyncConnection, changes: Iterable[Change]) -> Committed:
        """What that commit saved; its rows are found by the lanes' next look into the outbox."""
        found = [(await calls.get(conn, change.record.id), change) for change in changes]
        there = [(record, change) for record, change in found if record is not None]
        return Committed([record for record, _ in there], [change for _, change in there], [])

    async def _tag(self, conn: AsyncConnection, batch: Sequence[Change]) -> list[Change]:
        """Write the tags; a change that only repeats known tags is none."""
        new = await tags.add(conn, [(c.record.id, tag) for c in batch for tag in c.tags])
        kept = []
        for change in batch:
            removed = [await self._untag(conn, change.record.id, tag) for tag in change.untags]
            only_tags = change.step in ("updated", "alert") and (change.tags or change.untags)
            if not only_tags or change.record.id in new or any(removed):
                kept.append(change)
        return kept

    async def _untag(self, conn: AsyncConnection, call_id: str, tag: Tag) -> bool:
        return await tags.remove(conn, call_id, tag.name, tag.at, set_by=(tag.source, tag.by))
