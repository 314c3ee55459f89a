"""What SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart: INSERT … ON CONFLICT."""

from collections.abc import Callable, Sequence

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Insert = sqlite.Insert | postgresql.Insert

_INSERT: dict[str, Callable[[Table], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def add_missing(conn: AsyncConnection, table: Table) -> Insert:
    """INSERT that leaves a row alone whose primary key is there already."""
    return _INSERT[conn.dialect.name](table).on_conflict_do_nothing()


def upsert(conn: AsyncConnection, table: Table, keep: Sequence[str] = ()) -> Insert:
    """INSERT that overwrites a row of the same primary key, but for the columns in `keep`."""
    insert = _INSERT[conn.dialect.name](table)
    key = [column.name for column in table.primary_key]
    changed = [column.name for column in table.columns if column.name not in (*key, *keep)]
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in changed}
    )
