"""What a client did before this call: for kinds, the first source and the operator's screen.

One query for any number of calls. For each call two index ranges of (caller, started_at) are read:
the last rows before its start and the very first one, so a client with 100,000 calls costs no more
than one with ten. Calls of the same list count as well, as if they had been saved one by one: how
a stream is cut into transactions never shows in the records.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import (
    CTE,
    CompoundSelect,
    Double,
    Select,
    Text,
    column,
    func,
    literal_column,
    select,
    union_all,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import CallRecord, EarlierCall, Source
from calltrackd.store import dialect
from calltrackd.store import tags as tags_
from calltrackd.store.tables import calls


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


def _asked(records: Iterable[CallRecord]) -> CTE:
    """The question as a table: one row (id, caller, started_at) for each call."""
    columns = (column("id", Text), column("caller", Text), column("started_at", Double))
    rows = {record.id: (record.id, record.caller, record.started_at) for record in records}
    return values(*columns, name="asked").data(list(rows.values())).cte()


def _starts(asked: CTE) -> Select[tuple[float]]:
    """Starts of the client's earlier calls, to be embedded beside a row of `asked`."""
    other = calls.alias()
    return (
        select(other.c.started_at)
        .where(other.c.caller == asked.c.caller, other.c.started_at < asked.c.started_at)
        .correlate(asked)
    )


def _query(asked: CTE, limit: int) -> CompoundSelect[tuple[object, ...]]:
    """Rows (asked_id, is_first, id, started_at, outcome, record)."""
    starts = _starts(asked)
    by_start = starts.selected_columns.started_at
    oldest = starts.order_by(by_start).limit(1).scalar_subquery()
    lowest = starts.order_by(by_start.desc()).limit(1).offset(limit - 1).scalar_subquery()
    shown = (calls.c.id, calls.c.started_at, calls.c.outcome, calls.c.record)
    rows = [
        select(asked.c.id.label("asked_id"), literal_column(is_first).label("is_first"), *shown)
        .join_from(asked, calls, calls.c.caller == asked.c.caller)
        .where(calls.c.started_at < asked.c.started_at, bound)
        for is_first, bound in (
            ("1", calls.c.started_at == oldest),
            ("0", calls.c.started_at >= func.coalesce(lowest, 0.0)),
        )
    ]
    return union_all(*rows)


async def _stored(
    conn: AsyncConnection, records: Sequence[CallRecord], limit: int
) -> dict[str, History]:
    found = {record.id: History() for record in records}
    rows = [
        row
        for part in dialect.parts(records)
        for row in await conn.execute(_query(_asked(part), limit))
    ]
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

    `records` in the order in which they will be saved, their sources settled; the earlier ones of
    a client count for its later ones. `limit`: how many earlier calls to tell of.
    """
    named = [record for record in records if record.caller is not None]
    if not named:
        return {}
    found = await _stored(conn, named, limit)
    clients: dict[str | None, dict[str, CallRecord]] = {}
    for record in named:
        same = clients.setdefault(record.caller, {})
        _add(found[record.id], [r for r in same.values() if r.started_at < record.started_at])
        same[record.id] = record
    for history in found.values():
        history.earlier.sort(key=lambda call: (call.started_at, call.id), reverse=True)
        del history.earlier[limit:]
    return found
