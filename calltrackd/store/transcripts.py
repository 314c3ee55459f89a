"""Transcripts: one a recording or tap of a call, found by its words."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Row, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.terms import Terms
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.store import dialect, fulltext
from calltrackd.store.tables import calls, transcripts

_turns = msgspec.json.Decoder(list[Turn])
_encoder = msgspec.json.Encoder()


class Stored(msgspec.Struct, kw_only=True):
    """A transcript with what the store knows of it. Times are unix seconds."""

    call_id: str
    path: str
    """The recording as the call's record has it, or the name of the tap."""
    heard_from: float
    """The moment of the transcript's second 0."""
    made_at: float
    transcript: Transcript
    findings: dict[str, Any] = {}
    """What was judged of it: `scripts`, `tone`."""


class Wanted(msgspec.Struct, kw_only=True):
    """Which transcripts to find; None = any. `since`, `until`: unix seconds of second 0."""

    language: str | None = None
    terms: Terms | None = None
    since: float | None = None
    until: float | None = None
    did: str | None = None
    """E.164."""


async def save(conn: AsyncConnection, stored: Stored, words: Collection[str]) -> None:
    """Write a transcript in place of an older one of the same recording.

    `words`: what it is to be found by. The call must be there when the transaction commits.
    """
    heard = stored.transcript
    row = {
        "call_id": stored.call_id,
        "path": stored.path,
        "engine": heard.engine,
        "model": heard.model,
        "language": heard.language,
        "heard_from": stored.heard_from,
        "duration_s": heard.duration_s,
        "made_at": stored.made_at,
        "turns": _encoder.encode(heard.turns).decode(),
        "findings": _encoder.encode(stored.findings).decode(),
    }
    insert = dialect.upsert_by(
        conn.dialect.name, transcripts, ("call_id", "path"), ("id",)
    ).returning(transcripts.c.id)
    number = (await conn.execute(insert, row)).scalar_one()
    await fulltext.write(conn, number, words)


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        call_id=row.call_id,
        path=row.path,
        heard_from=row.heard_from,
        made_at=row.made_at,
        transcript=Transcript(
            row.engine, row.model, row.language, row.duration_s, _turns.decode(row.turns)
        ),
        findings=msgspec.json.decode(row.findings),
    )


async def of_call(conn: AsyncConnection, call_id: str) -> list[Stored]:
    """All transcripts of a call, in the order of time."""
    query = select(transcripts).where(transcripts.c.call_id == call_id)
    query = query.order_by(transcripts.c.heard_from, transcripts.c.id)
    return [_stored(row) for row in await conn.execute(query)]


def _query(database: str, wanted: Wanted) -> Select[Any]:
    query = select(transcripts)
    if wanted.did is not None:
        query = query.join(calls, calls.c.id == transcripts.c.call_id)
        query = query.where(calls.c.did == wanted.did)
    if wanted.language is not None:
        query = query.where(transcripts.c.language == wanted.language)
    if wanted.since is not None:
        query = query.where(transcripts.c.heard_from >= wanted.since)
    if wanted.until is not None:
        query = query.where(transcripts.c.heard_from < wanted.until)
    if wanted.terms is not None:
        query = query.where(fulltext.having(database, wanted.terms))
    return query


async def search(
    conn: AsyncConnection, wanted: Wanted, limit: int = 50, offset: int = 0
) -> list[Stored]:
    """The transcripts that fit, newest first."""
    query = _query(conn.dialect.name, wanted)
    query = query.order_by(transcripts.c.heard_from.desc(), transcripts.c.id.desc())
    return [_stored(row) for row in await conn.execute(query.limit(limit).offset(offset))]


async def languages(conn: AsyncConnection) -> dict[str, int]:
    """Language -> how many transcripts there are."""
    query = select(transcripts.c.language, func.count()).group_by(transcripts.c.language)
    return {row[0]: row[1] for row in await conn.execute(query)}


async def drop(conn: AsyncConnection, call_ids: Collection[str]) -> int:
    """Delete all transcripts of some calls, their words included; returns how many."""
    done = await conn.execute(delete(transcripts).where(transcripts.c.call_id.in_(call_ids)))
    return done.rowcount
