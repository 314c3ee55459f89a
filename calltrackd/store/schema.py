"""Which schema a database has, and bringing it to this program's.

The answer is one plain SELECT; Alembic is imported only when there is something to migrate, since
that import alone takes longer (1.2 s) than the rest of the start.
"""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from calltrackd.store.errors import SchemaOld, SchemaUnknown

REVISIONS = ("0001",)
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


async def upgrade(engine: AsyncEngine, to: str = HEAD) -> None:
    """Run all revisions up to `to` in one transaction."""
    async with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            await conn.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        if await revision(conn) != to:
            await conn.run_sync(_upgrade, to)


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
    await upgrade(engine)
