"""Opening a database: `sqlite:///path` or `postgresql://user@host/name`, the same code on both.

SQLite: WAL with synchronous=FULL (a commit survives a power cut), writers begin IMMEDIATE (else a
reader that becomes a writer can fail at once instead of waiting its turn). aiosqlite runs a thread
for each connection, so a store that is not closed keeps the interpreter from ending.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from calltrackd.store import schema
from calltrackd.store.errors import StoreError, typed
from calltrackd.store.writer import Writer

BUSY_S = 10.0
"""How long a write waits for another process (a command, a backup) before it gives up."""

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""What stays of the write-ahead log after a large transaction."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # who is forgotten is overwritten, not only unlinked
    f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}",
)


def driver_url(url: str) -> URL:
    """The setting's URL with its driver. StoreError when it is none of the two forms."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"not a database URL: {error}") from None
    if parsed.drivername not in _DRIVERS:
        raise StoreError(f"no such database: {parsed.drivername}; sqlite or postgresql can be used")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("sqlite needs a file: sqlite:////var/lib/calltrackd/calls.db")
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("calltrackd_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": BUSY_S})
        _prepare_sqlite(engine)
        return engine
    try:
        return create_async_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        hint = "PostgreSQL needs its driver: pip install 'calltrackd[postgresql]'"
        raise StoreError(hint) from error


class Store:
    """An open database: `writer` for changes, `read()` for questions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.writer = Writer(engine.execution_options(calltrackd_writes=True))

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True) -> Self:
        """Connect and bring the schema up to date (`migrate` False: SchemaOld when it is not).

        StoreDown when the database can't be reached, SchemaUnknown when a newer program made it.
        """
        engine = _create(driver_url(url))
        try:
            await schema.ensure(engine.execution_options(calltrackd_writes=True), migrate=migrate)
        except BaseException as error:
            await engine.dispose()
            down = typed(error) if isinstance(error, Exception) else None
            if down is not None:
                raise down from error
            raise
        return cls(engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state; for questions only.

        StoreDown when the database is away.
        """
        try:
            async with self._engine.connect() as conn:
                yield conn
        except Exception as error:
            down = typed(error)
            if down is None:
                raise
            raise down from error

    async def close(self) -> None:
        """Commit what was submitted, then let go of the database."""
        try:
            await self.writer.close()
        finally:
            await self._engine.dispose()
