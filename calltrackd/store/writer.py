"""The one writer: units of work that wait together share one transaction.

Theory. A commit costs a disk flush (SQLite, synchronous=FULL: 4-6 ms), whatever is in it. So while
one transaction is on its way, everything submitted meanwhile is gathered, and the next transaction
takes it all. Under no load a unit is committed at once and alone; under load a hundred share a
flush. Nobody waits for a timer.

                    ┌────────────── submit(work) ──────────────┐
    waiting: a b c  │  BEGIN  a(conn) b(conn) c(conn)  COMMIT  │ → results of a, b, c
                    └──────────────────────────────────────────┘
    b raises        →  ROLLBACK, then BEGIN a COMMIT, BEGIN b ROLLBACK, BEGIN c COMMIT:
                       only b, the poison one, gets its error
    database away   →  ROLLBACK, all three get StoreDown (disk full: StoreFull); trying them one
                       by one would only repeat it

A result is handed out after the commit and never before. A unit can run twice, so it must not
change anything but the database before it returns; it runs in the order of submission, and it may
await nothing but its statements: on SQLite it runs in the connection's thread, without event loop.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from calltrackd.store.errors import StoreDown, typed
from calltrackd.store.sqlite import in_its_thread

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

MAX_GATHERED = 256
"""Units a transaction: what arrives while it runs waits no longer than that."""


class WriterCounters(msgspec.Struct):
    """What the writer did since it was opened."""

    transactions: int = 0
    """Committed ones."""
    units: int = 0
    """Units of work committed."""
    poison: int = 0
    """Units refused for a fault of their own."""
    down: int = 0
    """Units refused because the database was away or full."""


class _Unit:
    """A work and the promise of its result."""

    __slots__ = ("result", "work")

    def __init__(self, work: Work[Any], result: "asyncio.Future[Any]") -> None:
        self.work = work
        self.result = result

    def refuse(self, error: BaseException) -> None:
        if not self.result.done():
            self.result.set_exception(error)


class Writer:
    """Gathers units of work into transactions of `engine`; one for each database and process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._run_whole = in_its_thread if engine.dialect.name == "sqlite" else _here
        self._waiting: deque[_Unit] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")
        self.counters = WriterCounters()

    async def submit(self, work: Work[T]) -> T:
        """Run `work(conn)` inside the next transaction; its result comes after the commit.

        StoreDown or StoreFull: nothing was acknowledged, submit it again later. Any other
        exception is the work's own; the other units of the transaction are not harmed. A caller
        that is cancelled while its work is under way can't call it back.
        """
        if self._closing:
            raise StoreDown("the store is closed")
        unit = _Unit(work, asyncio.get_running_loop().create_future())
        self._waiting.append(unit)
        self._wake.set()
        result: T = await unit.result
        return result

    async def close(self) -> None:
        """Take no more work, commit what waits, stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                self._wake.clear()
                if not self._waiting:
                    await self._wake.wait()
                await self._commit(self._gather())
        finally:
            for unit in self._waiting:
                unit.refuse(StoreDown("the store was stopped"))

    def _gather(self) -> list[_Unit]:
        """The next units, without those whose caller went away."""
        units: list[_Unit] = []
        while self._waiting and len(units) < MAX_GATHERED:
            unit = self._waiting.popleft()
            if not unit.result.done():
                units.append(unit)
        return units

    async def _commit(self, units: list[_Unit]) -> None:
        error = await self._transaction(units)
        if error is None:
            return
        down = typed(error)
        if down is not None:
            self.counters.down += len(units)
            for unit in units:
                unit.refuse(down)
        elif len(units) == 1:
            self.counters.poison += 1
            units[0].refuse(error)
        else:
            for unit in units:
                await self._commit([unit])

    async def _transaction(self, units: list[_Unit]) -> Exception | None:
        """Commit the units together and hand out their results, or say why that failed."""
        if not units:
            return None
        try:
            async with self._engine.connect() as conn:
                results = await self._run_whole(conn, _committed(conn, units))
        except asyncio.CancelledError:
            for unit in units:
                unit.refuse(StoreDown("the store was stopped"))
            raise
        except Exception as error:  # noqa: BLE001  # goes to whoever submitted the work
            return error
        self.counters.transactions += 1
        self.counters.units += len(units)
        for unit, result in zip(units, results, strict=True):
            if not unit.result.done():
                unit.result.set_result(result)
        return None


async def _committed(conn: AsyncConnection, units: Sequence[_Unit]) -> list[Any]:
    """The units' results, once their changes are in the database."""
    async with conn.begin():
        return [await unit.work(conn) for unit in units]


async def _here(_conn: AsyncConnection, work: Coroutine[Any, Any, T]) -> T:
    """Drivers of other databases need the event loop for every statement."""
    return await work
