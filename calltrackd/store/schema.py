"""Which schema a database has, and bringing it to this program's.

The answer is one plain SELECT. An empty database gets the tables as `tables.py` has them, which the
tests hold equal to what all migrations make; Alembic is imported only when there is something to
migrate, since that import alone takes longer (1.2 s) than the rest of the start.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from calltrackd.store import deal_tables  # noqa: F401 - its tables are of the schema
from calltrackd.store.errors import SchemaOld, SchemaUnknown
from calltrackd.store.tables import metadata

REVISIONS = ("0001", "0002", "0003", "0004")
"""All revisions, oldest first, as in `migrations/versions`."""

HEAD = REVISIONS[-1]

_MIGRATION_LOCK = 0x63616C6C
"""PostgreSQL advisory lock (`call`): two daemons that start at once migrate once."""


def _stored(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


async def revision(conn: AsyncConnection) -> str | None:
    """The revision of the database, None for an empty one. SchemaUnknown: not one of ours."""
    found = await conn.run_sync(_stored)
    if found is not None and found not in REVISIONS:
        raise SchemaUnknown(
            f"the database has schema {found}, this calltrackd knows up to {HEAD}: upgrade it"
        )
    return found


def _upgrade(conn: Connection, to: str) -> None:
    from calltrackd.store import migrations  # noqa: PLC0415  # 1.2 s, see above

    migrations.upgrade(conn, to)


def _create(conn: Connection) -> None:
    """The tables at HEAD, with Alembic's own mark of it. Fails where a table of that name is."""
    metadata.create_all(conn, checkfirst=False)
    conn.execute(
        text(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    conn.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction in which no other program changes the schema."""
    async with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            await conn.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        yield conn


async def upgrade(engine: AsyncEngine, to: str = HEAD) -> None:
    """Run all revisions up to `to` in one transaction."""
    async with _alone(engine) as conn:
        if await revision(conn) != to:
            await conn.run_sync(_upgrade, to)


async def _make(engine: AsyncEngine) -> None:
    """Tables for a database that had none of ours."""
    async with _alone(engine) as conn:
        if await revision(conn) is None:  # else another program was quicker
            await conn.run_sync(_create)


async def ensure(engine: AsyncEngine, *, migrate: bool) -> None:
    """Leave the database at HEAD, or raise SchemaOld when it is not and `migrate` is False."""
    async with engine.connect() as conn:
        found = await revision(conn)
    if found == HEAD:
        return
    if not migrate:
        raise SchemaOld(
            f"the database has schema {found or 'none'}, {HEAD} is needed: run calltrackd"
        )
    await (upgrade(engine) if found else _make(engine))
