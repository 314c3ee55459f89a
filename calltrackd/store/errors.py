"""What can go wrong with the database, grouped by who can act.

    StoreError
    ├── StoreDown        nothing was acknowledged: wait and submit the same work again
    │   └── StoreFull    ... after somebody made room on the disk
    ├── SchemaUnknown    the database was made by a newer calltrackd: upgrade the program
    ├── SchemaOld        the database waits for a migration, and this command does not migrate
    └── NotUnique        the beginning of an id fits several: type more of it

Anything else that comes out of the database is a fault of the unit of work itself (a poison one)
and stays what the driver raised.
"""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_SQLITE_DOWN = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
    }
)

_POSTGRESQL_FULL = frozenset({"53100"})
_POSTGRESQL_DOWN = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58", "XX001", "XX002")
"""SQLSTATE beginnings: connection, read-only standby, login, no such database, deadlock, resources,
object in use, operator intervention (57P01: restart), system error, damaged data or index."""


class StoreError(Exception):
    """The root of all that the store raises by itself."""


class StoreDown(StoreError):  # noqa: N818  # says what is, as the tree above does
    """The database can't be reached or refuses to write. Nothing was acknowledged.

    A commit whose answer was lost may have happened all the same: whoever repeats the work asks
    the database first how far it got (`attachments.applied`).
    """


class StoreFull(StoreDown):
    """The disk or the quota of the database is full."""


class SchemaUnknown(StoreError):  # noqa: N818  # says what is, as the tree above does
    """The database has a schema that this program does not know."""


class SchemaOld(StoreError):  # noqa: N818  # says what is, as the tree above does
    """The database waits for a migration."""


class NotUnique(StoreError):  # noqa: N818  # says what is, as the tree above does
    """The beginning of an id fits several rows."""


def _sqlite(error: BaseException) -> type[StoreDown] | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return StoreFull
    return StoreDown if primary in _SQLITE_DOWN else None


def _postgresql(error: BaseException) -> type[StoreDown] | None:
    state = getattr(error, "sqlstate", None)
    if state is None:
        return None
    if state in _POSTGRESQL_FULL:
        return StoreFull
    return StoreDown if state.startswith(_POSTGRESQL_DOWN) else None


def typed(error: Exception) -> StoreDown | None:
    """The store's own error for an exception of the driver, None when the work is at fault."""
    if isinstance(error, StoreDown):
        return error
    if isinstance(error, (OSError, PoolTimeout)):
        return StoreDown(str(error) or type(error).__name__)
    if not isinstance(error, DBAPIError):
        return None
    origin = error.orig or error
    kind = _sqlite(origin) or _postgresql(origin)
    if kind is None and error.connection_invalidated:
        kind = StoreDown
    return kind(str(origin)) if kind else None
