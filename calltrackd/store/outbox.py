"""The outbox: what each CRM target is owed, written in the transaction of the call it tells of.

Order is kept a (target, call): only the earliest owed version of a call is offered, and the
next one when that is settled (sent, dead or dropped). So a blocked row blocks its own call and no
other, and the order needs no memory: after a restart the same question gives the same answer.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, bindparam, exists, func, literal_column, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model import outbox as model
from calltrackd.model.outbox import OutboxRow, OutboxState
from calltrackd.store import dialect
from calltrackd.store.errors import NotUnique
from calltrackd.store.tables import DEAD, OWED, OWED_STATES, outbox


class Backlog(msgspec.Struct):
    """What one target is owed. Times are unix seconds."""

    target: str
    waiting: int = 0
    oldest_at: float | None = None
    """When the oldest waiting row was created."""
    dead: int = 0


def _struct(row: Row[tuple[object, ...]]) -> OutboxRow:
    return OutboxRow(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row's dict


async def add(conn: AsyncConnection, rows: Iterable[OutboxRow]) -> None:
    """Add rows; one whose id is there already (a change repeated after a crash) stays as it is."""
    values = [msgspec.structs.asdict(row) for row in rows]
    if values:
        await conn.execute(dialect.add_missing(conn.dialect.name, outbox), values)


def _is_head() -> ColumnElement[bool]:
    """No earlier version of the same call is owed to the same target."""
    earlier = outbox.alias()
    return ~exists().where(
        earlier.c.call_id == outbox.c.call_id,
        earlier.c.target == outbox.c.target,
        earlier.c.version < outbox.c.version,
        earlier.c.state.in_(OWED_STATES),
    )


async def waiting(
    conn: AsyncConnection, target: str, limit: int, due: float | None = None
) -> list[OutboxRow]:
    """The rows that may be sent next, at most one a call, by `next_at`.

    `due`: only those whose `next_at` is not later (unix seconds); None: all, so that the first
    one tells when to wake up.
    """
    query = select(outbox).where(outbox.c.target == target, OWED, _is_head())
    if due is not None:
        query = query.where(outbox.c.next_at <= due)
    query = query.order_by(outbox.c.next_at, outbox.c.created_at).limit(limit)
    return [_struct(row) for row in await conn.execute(query)]


_OUTCOME = (
    "state",
    "attempts",
    "next_at",
    "first_tried_at",
    "sent_at",
    "last_error",
    "last_status",
)
_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .where(OWED | (bindparam("new_state") == literal_column("'sent'")))
    .values({name: bindparam(f"new_{name}") for name in _OUTCOME})
)
_INTEND = update(outbox).where(outbox.c.id == bindparam("row_id"), OWED).values(state="sending")
_INTERRUPTED = (
    update(outbox)
    .where(OWED, outbox.c.state == literal_column("'sending'"))
    .values(state="unknown")
)
_HOLD_BACK = (
    update(outbox)
    .where(outbox.c.call_id == bindparam("of_call"), outbox.c.target == bindparam("to_target"))
    .where(outbox.c.version > bindparam("from_version"), OWED)
    .where(outbox.c.next_at < bindparam("until"))
    .values(next_at=bindparam("until"))
)


async def settle(conn: AsyncConnection, tried: Sequence[OutboxRow]) -> None:
    """Write down how deliveries went: the rows as taken from `waiting`, with their new state.

    A row still owed is tried again at its `next_at`, and later versions of its call not
    before: else they would stand in front of the queue and be looked at in vain each time. A row
    that somebody dropped or forgot meanwhile stays so, unless it was sent.
    """
    if not tried:
        return
    rows = [
        {"row_id": row.id, **{f"new_{name}": getattr(row, name) for name in _OUTCOME}}
        for row in tried
    ]
    await conn.execute(_SETTLE, rows)
    again = [
        {
            "of_call": row.call_id,
            "to_target": row.target,
            "from_version": row.version,
            "until": row.next_at,
        }
        for row in tried
        if row.state in model.OWED
    ]
    if again:
        await conn.execute(_HOLD_BACK, again)


async def intend(conn: AsyncConnection, row_id: str) -> None:
    """A CRM is about to be told of this row: what follows from that will have to be asked."""
    await conn.execute(_INTEND, {"row_id": row_id})


async def interrupted(conn: AsyncConnection) -> int:
    """At a start: of rows that were being sent nobody knows what became. Returns how many."""
    done = await conn.execute(_INTERRUPTED)
    return done.rowcount


async def list_rows(
    conn: AsyncConnection,
    *,
    target: str | None = None,
    state: OutboxState | None = None,
    call_id: str | None = None,
    limit: int = 50,
) -> list[OutboxRow]:
    """The rows that fit, newest first."""
    query = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.version.desc())
    for column, value in (("target", target), ("state", state), ("call_id", call_id)):
        if value is not None:
            query = query.where(outbox.c[column] == value)
    return [_struct(row) for row in await conn.execute(query.limit(limit))]


async def show(conn: AsyncConnection, row_id: str) -> OutboxRow | None:
    """The row of that id, or of the only id that begins so. NotUnique when several do."""
    query = select(outbox).where(outbox.c.id.startswith(row_id, autoescape=True))
    rows = [_struct(row) for row in await conn.execute(query.limit(2))]
    exact = [row for row in rows if row.id == row_id]
    if len(rows) > 1 and not exact:
        raise NotUnique(f"several deliveries begin with {row_id!r}")
    return next(iter(exact or rows), None)


async def retry(conn: AsyncConnection, row_ids: Sequence[str], at: float) -> int:
    """Owe rows again from `at` on, as if never tried; sent ones too. Returns how many."""
    again = {"state": "waiting", "next_at": at, "attempts": 0, "first_tried_at": None}
    done = 0
    for part in dialect.parts(row_ids):
        rows = update(outbox).where(outbox.c.id.in_(part)).values(**again, sent_at=None)
        done += (await conn.execute(rows)).rowcount
    return done


async def drop(conn: AsyncConnection, row_ids: Sequence[str]) -> int:
    """Give up owed or dead rows for good; a sent one stays sent. Returns how many."""
    open_ = OWED | DEAD
    done = 0
    for part in dialect.parts(row_ids):
        rows = update(outbox).where(outbox.c.id.in_(part), open_).values(state="dropped")
        done += (await conn.execute(rows)).rowcount
    return done


async def backlog(conn: AsyncConnection) -> dict[str, Backlog]:
    """Target -> what it is owed; a target that is owed nothing is not a key."""
    found: dict[str, Backlog] = {}
    target = outbox.c.target
    owed = select(target, func.count(), func.min(outbox.c.created_at)).where(OWED)
    for name, count, oldest in await conn.execute(owed.group_by(target)):
        found[name] = Backlog(name, waiting=count, oldest_at=oldest)
    dead = select(target, func.count()).where(DEAD).group_by(target)
    for name, count in await conn.execute(dead):
        found.setdefault(name, Backlog(name)).dead = count
    return found
