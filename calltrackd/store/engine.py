"""Opening a database: `sqlite:///path` or `postgresql://user@host/name`, the same code on both.

SQLite runs a thread for each connection, so a store that is not closed keeps the interpreter from
ending.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from calltrackd.store import schema, sqlite
from calltrackd.store.errors import StoreError, typed
from calltrackd.store.writer import Writer

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


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


def create(url: URL) -> AsyncEngine:
    """The engine for a URL of `driver_url`. StoreError when PostgreSQL's driver is not there."""
    if url.get_backend_name() == "sqlite":
        return sqlite.create(url)
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
        engine = create(driver_url(url))
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
