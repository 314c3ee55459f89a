"""Forgetting: calls by their age, and a person on request.

Audio files are not touched here; their paths are handed out for `files.delete`, after the commit.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import deals, fulltext, inbox, links, memos, people, transcripts
from calltrackd.store.deal_tables import call_people
from calltrackd.store.tables import (
    OWED,
    calls,
    outbox,
    recordings,
    speech_jobs,
    tags,
    talk_maps,
)

_AT_ONCE = 500
"""Calls a statement; far below the 32,766 parameters that both databases take."""

_SETTLED = outbox.c.state.in_(("sent", "dropped"))


class Forgotten(msgspec.Struct):
    """How much was deleted, and the audio files that belonged to it."""

    calls: int = 0
    tags: int = 0
    deliveries: int = 0
    undelivered: int = 0
    """Those of `deliveries` that were still owed."""
    transcripts: int = 0
    recordings: list[str] = []


async def _delete(conn: AsyncConnection, call_ids: Sequence[str]) -> Forgotten:
    paths = select(recordings.c.path).where(recordings.c.call_id.in_(call_ids))
    forgotten = Forgotten(recordings=sorted((await conn.execute(paths)).scalars()))
    owed = delete(outbox).where(outbox.c.call_id.in_(call_ids), OWED)
    rest = delete(outbox).where(outbox.c.call_id.in_(call_ids))
    forgotten.undelivered = (await conn.execute(owed)).rowcount
    forgotten.deliveries = forgotten.undelivered + (await conn.execute(rest)).rowcount
    marks = delete(tags).where(tags.c.call_id.in_(call_ids))
    forgotten.tags = (await conn.execute(marks)).rowcount
    forgotten.transcripts = await transcripts.drop(conn, call_ids)
    await memos.drop(conn, "call", call_ids)
    await links.drop(conn, call_ids)
    await deals.drop(conn, call_ids)
    for table in (recordings, speech_jobs, talk_maps, call_people):
        await conn.execute(delete(table).where(table.c.call_id.in_(call_ids)))
    callers = await _callers(conn, calls.c.id.in_(call_ids))
    done = await conn.execute(delete(calls).where(calls.c.id.in_(call_ids)))
    forgotten.calls = done.rowcount
    await memos.drop(conn, "phone", callers - await _callers(conn, calls.c.caller.in_(callers)))
    return forgotten


async def _callers(conn: AsyncConnection, which: ColumnElement[bool]) -> set[str]:
    """The numbers of clients of some calls."""
    query = select(calls.c.caller).where(which, calls.c.caller.is_not(None)).distinct()
    return set((await conn.execute(query)).scalars())


async def _ids(
    conn: AsyncConnection, *conditions: ColumnElement[bool], limit: int
) -> Sequence[str]:
    query = select(calls.c.id).where(*conditions).order_by(calls.c.started_at).limit(limit)
    return (await conn.execute(query)).scalars().all()


async def prune(conn: AsyncConnection, before: float, limit: int = _AT_ONCE) -> Forgotten:
    """Delete the oldest ended calls that started before `before` (unix seconds), at most `limit`.

    A call with a delivery still owed is kept until that is settled. Called again until no call
    comes back, so that the daemon's own transactions get their turn in between. Deals go with
    their calls, those without one by their own age.
    """
    await deals.prune(conn, before, limit)
    owed = exists().where(outbox.c.call_id == calls.c.id, OWED)
    old = await _ids(
        conn, calls.c.started_at < before, calls.c.ended_at.is_not(None), ~owed, limit=limit
    )
    return await _delete(conn, old) if old else Forgotten()


async def prune_deliveries(conn: AsyncConnection, before: float, limit: int = 2000) -> int:
    """Delete sent and dropped outbox rows created before `before`; returns how many.

    Dead ones stay for the admin as long as their call does.
    """
    old = select(outbox.c.id).where(outbox.c.created_at < before, _SETTLED).limit(limit)
    done = await conn.execute(delete(outbox).where(outbox.c.id.in_(old)))
    return done.rowcount


async def prune_returns(conn: AsyncConnection, before: float, looked_before: float) -> int:
    """Delete what came back and is needed no longer; returns how many rows.

    `before`: webhooks that were worked on; `looked_before`: who is responsible, as CRMs said then.
    """
    return await inbox.prune(conn, before) + await people.prune(conn, looked_before)


async def forget(conn: AsyncConnection, caller: str) -> Forgotten:
    """Delete all that is known of the client `caller` (E.164), deliveries still owed included."""
    total = Forgotten()
    while ids := await _ids(conn, calls.c.caller == caller, limit=_AT_ONCE):
        part = await _delete(conn, ids)
        for name in Forgotten.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(part, name))
    await memos.drop(conn, "phone", [caller])
    await deals.forget(conn, caller)
    await people.forget(conn, caller)
    await inbox.forget(conn, caller)
    if total.transcripts:
        await fulltext.forget_thoroughly(conn)
    return total
