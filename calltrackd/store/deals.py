"""Deals of CRMs: as they stand, their history, and the call that each was joined to.

A deal that is told twice, late or out of order changes nothing: what the CRM changed earlier than
what we have is older news, and so is an answer to an earlier question of ours.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.deal import (
    CallDeal,
    Deal,
    DealChange,
    DealKind,
    DealStatus,
    DealWay,
    JoinWay,
    KeptDeal,
)
from calltrackd.store import dialect
from calltrackd.store.deal_tables import call_deals, deal_changes, deals
from calltrackd.store.errors import NotUnique
from calltrackd.store.tables import calls

Key = tuple[str, str, str]
"""Target, kind and id of a deal."""

_TELLING = ("status", "stage", "amount", "currency")
"""A change of one of these is a step of the deal's history."""
_SHOWN = (*_TELLING, "created_at", "closed_at")
"""What a call's record tells of its deals (CallDeal)."""
_LISTS = ("contacts", "leads", "phones", "calls")
_KEY = (deals.c.target, deals.c.kind, deals.c.id)


def _same(table: Table) -> ColumnElement[bool]:
    """The rows of a table that are of a deal."""
    mine = zip((table.c.target, table.c.kind, table.c.deal_id), _KEY, strict=True)
    return and_(*(one == other for one, other in mine))


_JOINED: Select[Any] = select(deals, call_deals.c.call_id, call_deals.c.way).outerjoin(
    call_deals, _same(call_deals)
)
_OF_CALLS = (
    select(call_deals.c.call_id, call_deals.c.way, deals)
    .join(deals, _same(call_deals))
    .where(call_deals.c.call_id.in_(bindparam("ids", expanding=True)))
    .order_by(call_deals.c.call_id, deals.c.created_at, *_KEY)
)


class DealFilter(msgspec.Struct, kw_only=True):
    """Which deals to list; None = any. `since`: unix seconds of the latest change here."""

    target: str | None = None
    status: DealStatus | None = None
    since: float | None = None
    call_id: str | None = None
    """A call's id, or the beginning of it."""
    joined: bool | None = None


class Saved(msgspec.Struct):
    """What became of a deal that was told."""

    deal: KeptDeal
    stepped: bool
    """Its history has one more row."""
    shown: bool
    """The record of its call tells something else now."""


def _kept(row: Row[Any]) -> KeptDeal:
    fields = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row's dict
    for name in _LISTS:
        fields[name] = msgspec.json.decode(fields[name], type=list[str])
    return KeptDeal(**fields)


def _row(deal: KeptDeal) -> dict[str, object]:
    fields = msgspec.structs.asdict(deal)
    for name in ("call_id", "way"):
        del fields[name]
    for name in _LISTS:
        fields[name] = msgspec.json.encode(fields[name]).decode()
    return fields


async def save(
    conn: AsyncConnection,
    target: str,
    told: Sequence[tuple[Deal, DealStatus]],
    *,
    by: DealWay,
    read_at: float,
    at: float,
) -> list[Saved]:
    """Write deals as their CRM had them at `read_at`; older news than what is known is left out.

    `by`: the way on which they came; `at`: this machine's clock (unix seconds).
    """
    latest = {(deal.kind, deal.id): (deal, status) for deal, status in told}
    known = {(deal.kind, deal.id): deal for deal in await some(conn, target, latest)}
    saved = []
    for key, (deal, status) in latest.items():
        before = known.get(key)
        if before is None or not _is_older(deal, read_at, before):
            now = _merged(deal, before, target=target, status=status, read_at=read_at, at=at, by=by)
            saved.append(now)
    if saved:
        rows = [_row(one.deal) for one in saved]
        await conn.execute(dialect.upsert(conn.dialect.name, deals), rows)
    steps = [_step(one.deal, at) for one in saved if one.stepped]
    if steps:
        await conn.execute(insert(deal_changes), steps)
    return saved


def _is_older(deal: Deal, read_at: float, known: KeptDeal) -> bool:
    """Whether `known` is the later news of the two."""
    if deal.changed_at != known.changed_at:
        return deal.changed_at < known.changed_at
    return read_at < known.read_at


def _merged(
    deal: Deal,
    before: KeptDeal | None,
    *,
    target: str,
    status: DealStatus,
    by: DealWay,
    read_at: float,
    at: float,
) -> Saved:
    """The deal as it is now. What is not of the CRM stays: since when, by which way, its call."""
    now = KeptDeal(
        **msgspec.structs.asdict(deal),
        target=target,
        status=status,
        read_at=read_at,
        seen_at=before.seen_at if before else at,
        updated_at=before.updated_at if before else at,
        seen_by=before.seen_by if before else by,
        call_id=before.call_id if before else None,
        way=before.way if before else None,
    )
    stepped = before is None or _differ(now, before, _TELLING)
    if stepped:
        now.updated_at, now.seen_by = at, by
    return Saved(now, stepped, before is None or _differ(now, before, _SHOWN))


def _differ(one: KeptDeal, other: KeptDeal, names: Collection[str]) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in names)


def _step(deal: KeptDeal, at: float) -> dict[str, object]:
    return {
        "target": deal.target,
        "kind": deal.kind,
        "deal_id": deal.id,
        "at": at,
        "changed_at": deal.changed_at,
        **{name: getattr(deal, name) for name in _TELLING},
        "seen_by": deal.seen_by,
    }


async def some(
    conn: AsyncConnection, target: str, keys: Collection[tuple[str, str]]
) -> list[KeptDeal]:
    """Those of the deals, given as (kind, id), that are known.

    Nobody else changes them until the transaction ends.
    """
    found: list[KeptDeal] = []
    for part in dialect.parts(sorted(keys)):
        query = _JOINED.where(deals.c.target == target, tuple_(deals.c.kind, deals.c.id).in_(part))
        rows = await conn.execute(query.order_by(*_KEY).with_for_update(of=deals))
        found += map(_kept, rows)
    return found


async def join(
    conn: AsyncConnection, deal: KeptDeal, call_id: str, way: JoinWay, at: float
) -> None:
    """The deal is this call's from now on."""
    row = {
        "target": deal.target,
        "kind": deal.kind,
        "deal_id": deal.id,
        "call_id": call_id,
        "way": way,
        "at": at,
    }
    await conn.execute(dialect.upsert(conn.dialect.name, call_deals), row)


async def calls_of_client(
    conn: AsyncConnection, phones: Collection[str], since: float, until: float
) -> list[str]:
    """Ids of the calls of a client with one of these numbers (E.164)."""
    query = select(calls.c.id).where(
        calls.c.caller.in_(phones), calls.c.started_at >= since, calls.c.started_at <= until
    )
    return list((await conn.execute(query)).scalars())


async def likely_call(
    conn: AsyncConnection, call_ids: Collection[str], since: float, until: float
) -> str | None:
    """Of these calls the last that had begun by `until`, else the first after; None: there is none.

    Calls before `since` are left out, and those of the house, which no deal can come from.
    """
    query = select(calls.c.id, calls.c.started_at).where(
        calls.c.id.in_(call_ids), calls.c.direction != "internal", calls.c.started_at >= since
    )
    rows = await conn.execute(query.order_by(calls.c.started_at, calls.c.id))
    found: list[tuple[float, str]] = [(row.started_at, row.id) for row in rows]
    chosen = [one for one in found if one[0] <= until][-1:] or found[:1]
    return chosen[0][1] if chosen else None


async def of_calls(conn: AsyncConnection, call_ids: Collection[str]) -> dict[str, list[CallDeal]]:
    """The deals of many calls, oldest first; a call without deals is not a key."""
    found: dict[str, list[CallDeal]] = {}
    for part in dialect.parts(call_ids):
        for row in await conn.execute(_OF_CALLS, {"ids": part}):
            given = {name: getattr(row, name) for name in CallDeal.__struct_fields__}
            found.setdefault(row.call_id, []).append(CallDeal(**given))
    return found


async def history(conn: AsyncConnection, deal: KeptDeal) -> list[DealChange]:
    """How the deal came to be as it is, oldest first."""
    of_deal = _is(deal_changes, (deal.target, deal.kind, deal.id))
    rows = await conn.execute(select(deal_changes).where(of_deal).order_by(deal_changes.c.number))
    names = DealChange.__struct_fields__
    return [DealChange(**{name: getattr(row, name) for name in names}) for row in rows]


async def get(
    conn: AsyncConnection, deal_id: str, *, target: str | None = None, kind: DealKind | None = None
) -> KeptDeal | None:
    """The deal of that id; NotUnique when several fit."""
    query = _JOINED.where(deals.c.id == deal_id)
    for column, value in ((deals.c.target, target), (deals.c.kind, kind)):
        if value is not None:
            query = query.where(column == value)
    rows = (await conn.execute(query.limit(2))).all()
    if len(rows) > 1:
        raise NotUnique(f"there are several deals {deal_id!r}")
    return _kept(rows[0]) if rows else None


def _conditions(wanted: DealFilter) -> Sequence[ColumnElement[bool]]:
    call_id = call_deals.c.call_id
    found = [
        deals.c[name] == value
        for name in ("target", "status")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.since is not None:
        found.append(deals.c.updated_at >= wanted.since)
    if wanted.call_id is not None:
        found.append(call_id.startswith(wanted.call_id, autoescape=True))
    if wanted.joined is not None:
        found.append(call_id.is_not(None) if wanted.joined else call_id.is_(None))
    return found


async def list_deals(conn: AsyncConnection, wanted: DealFilter, limit: int = 50) -> list[KeptDeal]:
    """The deals that fit, latest change first."""
    query = _JOINED.where(*_conditions(wanted)).order_by(deals.c.updated_at.desc(), *_KEY)
    return [_kept(row) for row in await conn.execute(query.limit(limit))]


async def counted(conn: AsyncConnection) -> Mapping[tuple[str, str], int]:
    """(target, status) -> how many deals."""
    query = select(deals.c.target, deals.c.status, func.count())
    rows = await conn.execute(query.group_by(deals.c.target, deals.c.status))
    return {(row[0], row[1]): row[2] for row in rows}


async def drop(conn: AsyncConnection, call_ids: Collection[str]) -> int:
    """Delete the deals that were joined to some calls; returns how many."""
    gone = 0
    mine = select(call_deals.c.target, call_deals.c.kind, call_deals.c.deal_id)
    for part in dialect.parts(call_ids):
        rows = await conn.execute(mine.where(call_deals.c.call_id.in_(part)))
        gone += await _drop(conn, [(row[0], row[1], row[2]) for row in rows])
    return gone


async def forget(conn: AsyncConnection, phone: str) -> int:
    """Delete deals that bear a client's number (E.164), in whatever form; returns how many."""
    digits = phone[-10:]
    named = or_(deals.c.phones.contains(digits), deals.c.raw.contains(digits))
    rows = await conn.execute(select(*_KEY).where(named))
    return await _drop(conn, [(row[0], row[1], row[2]) for row in rows])


async def prune(conn: AsyncConnection, before: float, limit: int = 500) -> int:
    """Delete deals without a call that last changed before `before`; returns how many."""
    old = deals.c.updated_at < before
    query = select(*_KEY).outerjoin(call_deals, _same(call_deals))
    rows = await conn.execute(query.where(old, call_deals.c.call_id.is_(None)).limit(limit))
    return await _drop(conn, [(row[0], row[1], row[2]) for row in rows])


def _is(table: Table, key: Key) -> ColumnElement[bool]:
    mine = (table.c.target, table.c.kind, table.c.deal_id)
    return and_(*(column == value for column, value in zip(mine, key, strict=True)))


async def _drop(conn: AsyncConnection, keys: Sequence[Key]) -> int:
    for key in keys:
        for table in (call_deals, deal_changes):
            await conn.execute(delete(table).where(_is(table, key)))
        this = and_(*(column == value for column, value in zip(_KEY, key, strict=True)))
        await conn.execute(delete(deals).where(this))
    return len(keys)
