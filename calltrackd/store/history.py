"""What a client did before this call: for kinds, the first source and the operator's screen.

One query for any number of calls. For each call two index ranges of (caller, started_at) are read:
the last rows before its start and the very first one, so a client with 100,000 calls costs no more
than one with ten. Calls of the same list count as well, as if they had been saved one by one: how
a stream is cut into transactions never shows in the records.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import CallRecord, EarlierCall, Source
from calltrackd.store import dialect
from calltrackd.store import tags as tags_


class FirstCall(msgspec.Struct):
    """The client's first call ever."""

    id: str
    started_at: float
    source: Source


class History(msgspec.Struct):
    """The client's calls that started before this one."""

    earlier: list[EarlierCall] = []
    """The latest of them, newest first."""
    first: FirstCall | None = None
    """None: this call is the client's first."""


class _Kept(msgspec.Struct):
    """The parts of a stored record that history needs; the rest is skipped unread."""

    operators: list[str]
    source: Source


_kept = msgspec.json.Decoder(_Kept)


_QUERY = """
WITH asked (id, caller, started_at) AS (VALUES {rows})
SELECT asked.id AS asked_id, 1 AS is_first,
    calls.id, calls.started_at, calls.outcome, calls.record
FROM asked JOIN calls ON calls.caller = asked.caller
WHERE calls.started_at < asked.started_at AND calls.started_at = (
    SELECT other.started_at FROM calls AS other
    WHERE other.caller = asked.caller AND other.started_at < asked.started_at
    ORDER BY other.started_at LIMIT 1)
UNION ALL
SELECT asked.id, 0, calls.id, calls.started_at, calls.outcome, calls.record
FROM asked JOIN calls ON calls.caller = asked.caller
WHERE calls.started_at < asked.started_at AND calls.started_at >= COALESCE((
    SELECT other.started_at FROM calls AS other
    WHERE other.caller = asked.caller AND other.started_at < asked.started_at
    ORDER BY other.started_at DESC LIMIT 1 OFFSET :beyond), 0)
"""
_ROW = "(CAST(:id{n} AS TEXT), CAST(:caller{n} AS TEXT), CAST(:at{n} AS DOUBLE PRECISION))"
"""SQL text, since SQLAlchemy compiles a VALUES of its own anew each time (4 ms)."""


@lru_cache
def _query(size: int) -> TextClause:
    return text(_QUERY.format(rows=", ".join(_ROW.format(n=n) for n in range(size))))


def _parameters(records: Sequence[CallRecord], size: int) -> dict[str, str | float | None]:
    """The records as rows of `asked`; those that fill up to `size` ask for nobody."""
    given: dict[str, str | float | None] = {}
    for n in range(size):
        record = records[n] if n < len(records) else None
        given[f"id{n}"] = record.id if record else None
        given[f"caller{n}"] = record.caller if record else None
        given[f"at{n}"] = record.started_at if record else None
    return given


async def _rows(
    conn: AsyncConnection, records: Sequence[CallRecord], limit: int
) -> list[Row[tuple[object, ...]]]:
    """Rows (asked_id, is_first, id, started_at, outcome, record).

    Sizes are powers of two, so that few different statements are ever prepared.
    """
    found: list[Row[tuple[object, ...]]] = []
    for part in dialect.parts(records):
        size = 1 << (len(part) - 1).bit_length()
        given = {**_parameters(part, size), "beyond": limit - 1}
        found.extend(await conn.execute(_query(size), given))
    return found


async def _stored(
    conn: AsyncConnection, records: Sequence[CallRecord], limit: int
) -> dict[str, History]:
    found = {record.id: History() for record in records}
    rows = await _rows(conn, records, limit)
    tags = await tags_.of_calls(conn, {row.id for row in rows if not row.is_first})
    for row in rows:
        kept = _kept.decode(row.record)
        if row.is_first:
            found[row.asked_id].first = FirstCall(row.id, row.started_at, kept.source)
        else:
            names = [tag.name for tag in tags.get(row.id, ())]
            earlier = EarlierCall(row.id, row.started_at, row.outcome, kept.operators, names)
            found[row.asked_id].earlier.append(earlier)
    return found


def _add(history: History, before: Iterable[CallRecord]) -> None:
    """Lay calls of the same list over what is stored: a call already known gets its new state."""
    known = {call.id: call for call in history.earlier}
    for record in before:
        tags = known[record.id].tags if record.id in known else [t.name for t in record.tags]
        known[record.id] = EarlierCall(
            record.id, record.started_at, record.outcome, record.operators, tags
        )
        if history.first is None or record.started_at < history.first.started_at:
            history.first = FirstCall(record.id, record.started_at, record.source)
    history.earlier = list(known.values())


async def before(
    conn: AsyncConnection, records: Sequence[CallRecord], limit: int = 10
) -> dict[str, History]:
    """Call id -> what its client did before its start; a call of a hidden caller is not a key.

    `records`: all that will be saved together, in that order, their sources settled; a call's
    history is as of its first record there. `limit`: how many earlier calls to tell of.
    """
    asked: dict[str, CallRecord] = {}
    for record in records:
        if record.caller is not None:
            asked.setdefault(record.id, record)
    if not asked:
        return {}
    found = await _stored(conn, list(asked.values()), limit)
    clients: dict[str | None, dict[str, CallRecord]] = {}
    for record in records:
        same = clients.setdefault(record.caller, {})
        if record.caller is not None and asked.pop(record.id, None) is not None:
            _add(found[record.id], [r for r in same.values() if r.started_at < record.started_at])
        same[record.id] = record
    for history in found.values():
        history.earlier.sort(key=lambda call: (call.started_at, call.id), reverse=True)
        del history.earlier[limit:]
    return found
