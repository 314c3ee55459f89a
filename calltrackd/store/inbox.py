"""Inbound webhooks of CRMs: kept before they are answered, worked on later, in any order.

    put ──► waiting ──settle──► done
      ▲        │ └──────────► aside   (it can't be read; the reason stays)
      └────────┘ put again: waits again, and what settles an older look does not settle this one

A body that comes again is the same row. It waits again, for a CRM without memory sends the very
same words for another change ("stage is won now", twice). `repeats` tells which look is meant.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from sqlalchemy import Integer, Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.deal_tables import INBOX_ASIDE, INBOX_WAITS, inbox

InboxState = Literal["waiting", "done", "aside"]
Kept = Literal["stored", "repeated", "full"]


class Posting(msgspec.Struct, kw_only=True):
    """A webhook as the table has it. Times are unix seconds."""

    id: int
    target: str
    digest: str
    received_at: float
    """When it came the last time."""
    content_type: str
    body: bytes
    repeats: int
    """How often the same body came again."""
    state: InboxState
    attempts: int
    next_at: float
    error: str | None = None
    done_at: float | None = None


class Depth(msgspec.Struct):
    """How the inbox of a target stands."""

    waiting: int = 0
    aside: int = 0
    oldest_at: float | None = None
    """When the oldest that waits came last (unix seconds)."""


def digest_of(content_type: str, body: bytes) -> str:
    """The same for the same words."""
    return blake2b(content_type.encode() + b"\0" + body, digest_size=16).hexdigest()


_AFRESH = ("received_at", "state", "attempts", "next_at", "error", "done_at")
_AGAIN = (
    update(inbox)
    .where(inbox.c.target == bindparam("to_target"), inbox.c.digest == bindparam("same_digest"))
    .values(repeats=inbox.c.repeats + 1, **{name: bindparam(f"new_{name}") for name in _AFRESH})
)
_WAITING = select(func.count()).select_from(
    select(inbox.c.id)
    .where(inbox.c.target == bindparam("of_target"), INBOX_WAITS)
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
"""Built once: a webhook must be on the disk before the CRM gets its answer."""


async def put(
    conn: AsyncConnection, target: str, content_type: str, body: bytes, at: float, *, room: int
) -> Kept:
    """Keep a webhook, unless `room` of the target's wait already; done when this is committed."""
    row = {
        "target": target,
        "digest": digest_of(content_type, body),
        "received_at": at,
        "content_type": content_type,
        "body": body,
        "repeats": 0,
        "state": "waiting",
        "attempts": 0,
        "next_at": at,
        "error": None,
        "done_at": None,
    }
    afresh = {f"new_{name}": row[name] for name in _AFRESH}
    same = {"to_target": target, "same_digest": row["digest"]}
    if (await conn.execute(_AGAIN, {**same, **afresh})).rowcount:
        return "repeated"
    if (await conn.execute(_WAITING, {"of_target": target, "most": room})).scalar_one() >= room:
        return "full"
    await conn.execute(dialect.add_missing(conn.dialect.name, inbox), row)
    return "stored"


def _posting(row: Row[Any]) -> Posting:
    return Posting(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row's dict


async def due(conn: AsyncConnection, target: str, at: float, limit: int) -> list[Posting]:
    """What waits and is due, the longest due first."""
    query = select(inbox).where(inbox.c.target == target, INBOX_WAITS, inbox.c.next_at <= at)
    query = query.order_by(inbox.c.next_at, inbox.c.id).limit(limit)
    return [_posting(row) for row in await conn.execute(query)]


async def next_at(conn: AsyncConnection, target: str) -> float | None:
    """When something is due next (unix seconds); None: nothing waits."""
    query = select(func.min(inbox.c.next_at)).where(inbox.c.target == target, INBOX_WAITS)
    found: float | None = (await conn.execute(query)).scalar()
    return found


_NEWS = ("state", "attempts", "next_at", "error", "done_at")
_SETTLE = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"), inbox.c.repeats == bindparam("look"))
    .values({name: bindparam(f"new_{name}") for name in _NEWS})
)


async def settle(conn: AsyncConnection, looked: Sequence[Posting]) -> None:
    """Write down how they went; one that came again since it was taken goes on waiting."""
    rows = [
        {
            "row_id": one.id,
            "look": one.repeats,
            **{f"new_{name}": getattr(one, name) for name in _NEWS},
        }
        for one in looked
    ]
    if rows:
        await conn.execute(_SETTLE, rows)


async def standing(conn: AsyncConnection) -> dict[str, Depth]:
    """Target -> how its inbox stands; one whose inbox is empty is not a key."""
    found: dict[str, Depth] = {}
    target = inbox.c.target
    waits = select(target, func.count(), func.min(inbox.c.received_at)).where(INBOX_WAITS)
    for name, count, oldest in await conn.execute(waits.group_by(target)):
        found[name] = Depth(count, 0, oldest)
    aside = select(target, func.count()).where(INBOX_ASIDE).group_by(target)
    for name, count in await conn.execute(aside):
        found.setdefault(name, Depth()).aside = count
    return found


async def prune(conn: AsyncConnection, before: float, limit: int = 2000) -> int:
    """Delete what was done with and came before `before`; returns how many."""
    settled = inbox.c.state.in_(("done", "aside"))
    old = select(inbox.c.id).where(inbox.c.received_at < before, settled).limit(limit)
    return (await conn.execute(delete(inbox).where(inbox.c.id.in_(old)))).rowcount


async def forget(conn: AsyncConnection, phone: str) -> int:
    """Delete webhooks in whose body a client's number (E.164) stands; returns how many.

    Those that wait, too: the polls find their deals again.
    """
    query = select(inbox.c.id, inbox.c.body)
    digits = phone[-10:].encode()
    mine = [row.id for row in await conn.execute(query) if digits in row.body]
    for part in dialect.parts(mine):
        await conn.execute(delete(inbox).where(inbox.c.id.in_(part)))
    return len(mine)
