"""What the two databases have in common beyond SQLAlchemy: INSERT … ON CONFLICT, and their limit.

Statements are built once: building one takes longer than running it. Both databases take 32,766
parameters a statement at least; a list of ids can be longer, so it goes in parts.
"""

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

AT_ONCE = 4096
"""Items a statement, each with three parameters at most."""

_INSERT: dict[str, Callable[[Table], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@lru_cache
def add_missing(database: str, table: Table) -> Insert:
    """INSERT that leaves a row alone whose primary key is there already."""
    return _INSERT[database](table).on_conflict_do_nothing()


@lru_cache
def upsert(database: str, table: Table, keep: tuple[str, ...] = ()) -> Insert:
    """INSERT that overwrites a row of the same primary key, but for the columns in `keep`."""
    return upsert_by(database, table, tuple(column.name for column in table.primary_key), keep)


@lru_cache
def upsert_by(
    database: str, table: Table, key: tuple[str, ...], keep: tuple[str, ...] = ()
) -> Insert:
    """INSERT that overwrites a row of the same unique `key`, but for the columns in `keep`."""
    insert = _INSERT[database](table)
    changed = [column.name for column in table.columns if column.name not in (*key, *keep)]
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in changed}
    )


def parts(items: Collection[T]) -> Iterator[list[T]]:
    """The items in lists that fit into a statement."""
    rest = iter(items)
    while part := list(islice(rest, AT_ONCE)):
        yield part
