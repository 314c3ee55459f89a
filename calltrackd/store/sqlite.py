"""SQLite as the store uses it: connections set up to survive, one thread change a statement.

WAL with synchronous=FULL: a commit survives a power cut. What is deleted is overwritten, so that
a forgotten person can't be read from the file.

aiosqlite gives each connection a thread and passes it four jobs a statement (make a cursor, run,
fetch, close), each 60 µs of processor time. The cursor here does the four as one job, and the first
one of a transaction begins it as well. What changes something passes over to that thread as a whole
(`in_its_thread`): a transaction has a score of steps, and while the event loop is busy each way
back takes up to a turn of Python's lock, so that a commit of 5 ms took 50.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

T = TypeVar("T")

BUSY_S = 10.0
"""How long a write waits for another process (a command, a backup) before it gives up."""

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""What stays of the write-ahead log after a large transaction."""

_SET_UP = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}",
)


class _Cursor:
    """Runs a statement in the connection's thread and keeps all its rows."""

    def __init__(self, run: Callable[..., Awaitable[Any]], connection: "_Connection") -> None:
        self._run = run
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._run(self._whole, sqlite3.Cursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Any) -> None:
        await self._run(self._whole, sqlite3.Cursor.executemany, statement, parameters)

    def _whole(self, method: Callable[..., Any], statement: str, parameters: Any) -> None:
        cursor = self._connection.begun().cursor()
        try:
            method(cursor, statement, parameters)
            self.description = cursor.description
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else ()
        finally:
            cursor.close()

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """Nothing to do: the real cursor was closed in `_whole`."""


class _Connection(aiosqlite.Connection):
    """aiosqlite's, with the cursor above; `_execute` passes a job to its thread."""

    begin: str | None = None
    """How the transaction begins that its first statement shall begin."""

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy needs no more of a cursor
        return _Cursor(self._execute, self)

    def begun(self) -> sqlite3.Connection:
        """In the connection's thread: inside the transaction that was asked for."""
        if self.begin is not None:
            self._conn.execute(self.begin).close()
            self.begin = None
        return self._conn

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is self._thread:
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    async def run(self, job: Callable[..., T], *args: Any) -> T:
        """The job's result, once the connection's thread has done it."""
        result: T = await self._execute(job, *args)
        return result

    async def _connect(self) -> aiosqlite.Connection:
        """Wait for the thread when it could not connect; else it may outlive the event loop."""
        try:
            return await super()._connect()
        except BaseException:
            await asyncio.to_thread(self._thread.join)
            raise


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        for pragma in _SET_UP:
            _insist(connection, pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _insist(connection: sqlite3.Connection, pragma: str) -> None:
    """SQLite does not wait by itself where two switch a new file to WAL at the same time."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute(pragma).close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


async def in_its_thread(conn: AsyncConnection, work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, which awaits nothing but statements of `conn`, in the connection's own thread.

    There they need no event loop: each is done when it is called. Whoever is cancelled waits for
    the end all the same, since nobody else may use the connection before.
    """
    assert conn.sync_connection is not None  # noqa: S101  # the caller has it open
    driver = conn.sync_connection.connection.driver_connection
    assert isinstance(driver, _Connection)  # noqa: S101  # made by `create` below
    running = asyncio.ensure_future(driver.run(_finished, work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _finished(work: Coroutine[Any, Any, T]) -> T:
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("a unit of work waits for something that is no statement")


def create(url: URL) -> AsyncEngine:
    """An engine on the file of `url`.

    Who writes says so by the execution option `calltrackd_writes`: its transactions begin
    IMMEDIATE and so wait their turn, where a reader that turns writer would fail at once.
    """

    async def connect() -> aiosqlite.Connection:
        return await _Connection(lambda: _connect(str(url.database)), iter_chunk_size=64)

    # The connection that was used last still has its pages: a commit of another would void them.
    engine = create_async_engine(url, async_creator=connect, pool_use_lifo=True)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("calltrackd_writes")
        driver = connection.connection.driver_connection
        assert isinstance(driver, _Connection)  # noqa: S101  # made by `connect` above
        driver.begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    return engine
