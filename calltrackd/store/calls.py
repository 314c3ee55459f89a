"""Call records: saved many at once, read one at a time or as a list.

The store gives the versions: each change that is saved makes its call's version one higher than
the stored one, whoever made the change. The rows are locked from that look on (PostgreSQL: FOR
UPDATE; SQLite: one writer anyway), so two processes never give the same version twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from sqlalchemy import ColumnElement, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import CallRecord, Change, Direction, Outcome, Tag
from calltrackd.model.deal import CallDeal
from calltrackd.model.person import Person
from calltrackd.store import deals as deals_
from calltrackd.store import dialect
from calltrackd.store import people as people_
from calltrackd.store import tags as tags_
from calltrackd.store.deal_tables import call_deals, call_people
from calltrackd.store.errors import NotUnique
from calltrackd.store.tables import calls, recordings, tags

ID_LENGTH = 36
_NO_SEQS: Mapping[str, int] = MappingProxyType({})
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CallRecord)

_STANDING = (
    select(
        calls.c.id,
        calls.c.version,
        exists().where(tags.c.call_id == calls.c.id, tags.c.removed_at.is_(None)).label("tagged"),
        exists().where(call_deals.c.call_id == calls.c.id).label("dealt"),
        exists().where(call_people.c.call_id == calls.c.id).label("cared_for"),
    )
    .where(calls.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(calls.c.id)
    .with_for_update(of=calls)
)


class Standing(msgspec.Struct):
    """What the store has of some calls, beside what their channels tell, by call."""

    versions: dict[str, int]
    tags: dict[str, list[Tag]]
    """Oldest first, as deals are."""
    deals: dict[str, list[CallDeal]] = {}
    people: dict[str, Person] = {}


class CallFilter(msgspec.Struct, kw_only=True):
    """Which calls to list; None = any. Times are unix seconds of the start, `until` excluded."""

    since: float | None = None
    until: float | None = None
    pbx: str | None = None
    did: str | None = None
    caller: str | None = None
    """E.164."""
    operator: str | None = None
    """Extension of one who talked."""
    direction: Direction | None = None
    outcome: Outcome | None = None
    lost: bool | None = None
    tracked: bool | None = None
    tag: str | None = None
    without_tag: str | None = None


def _row(record: CallRecord, at: float, first_seq: int | None) -> dict[str, object]:
    """`record` without its tags, as columns."""
    return {
        "id": record.id,
        "version": record.version,
        "pbx": record.pbx,
        "direction": record.direction,
        "tracked": record.tracked,
        "did": record.did,
        "caller": record.caller,
        "outcome": record.outcome,
        "lost": record.lost,
        "queue": record.queue,
        "operators": f" {' '.join(record.operators)} " if record.operators else "",
        "started_at": record.started_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "first_seq": first_seq,
        "updated_at": at,
        "record": _encoder.encode(record).decode(),
    }


async def standing(conn: AsyncConnection, changes: Sequence[Change]) -> Standing:
    """What the store has of the calls of these changes.

    What the changes bring of their own, tags and who is responsible, is written already.
    Their rows are locked from here on, always in the order of ids (no deadlock).
    """
    versions: dict[str, int] = {}
    tagged = {change.record.id for change in changes if change.tags}
    cared_for = {c.record.id for c in changes if c.record.responsible is not None}
    dealt = set()
    for part in dialect.parts(sorted({change.record.id for change in changes})):
        for row in await conn.execute(_STANDING, {"ids": part}):
            versions[row.id] = row.version
            if row.tagged:
                tagged.add(row.id)
            if row.dealt:
                dealt.add(row.id)
            if row.cared_for:
                cared_for.add(row.id)
    return Standing(
        versions,
        await tags_.of_calls(conn, tagged),
        await deals_.of_calls(conn, dealt),
        await people_.of_calls(conn, cared_for),
    )


async def _save_recordings(conn: AsyncConnection, records: Iterable[CallRecord]) -> None:
    rows = [
        {"call_id": record.id, "path": item.path, "side": item.side}
        for record in records
        for item in record.recordings
    ]
    if rows:
        await conn.execute(dialect.add_missing(conn.dialect.name, recordings), rows)


async def save(
    conn: AsyncConnection,
    changes: Sequence[Change],
    first_seqs: Mapping[str, int] = _NO_SEQS,
    stood: Standing | None = None,
) -> list[CallRecord]:
    """Save many changes, several of one call too; returns their records as committed, in order.

    A returned record bears its version and the tags, deals and responsible person that stand in the
    store; those of the record given are ignored (they are written before, by their own modules).
    `first_seqs`: call id -> journal number from which on the call can be rebuilt; the first one
    saved stays. `stood`: of one who has asked for it in this transaction.
    """
    if not changes:
        return []
    if stood is None:
        stood = await standing(conn, changes)
    versions = stood.versions
    saved: list[CallRecord] = []
    latest: dict[str, tuple[CallRecord, float]] = {}
    for change in changes:
        call_id = change.record.id
        versions[call_id] = version = versions.get(call_id, 0) + 1
        record = msgspec.structs.replace(
            change.record, version=version, tags=[], deals=[], responsible=None
        )
        latest[call_id] = record, change.at
        saved.append(record)
    rows = [_row(record, at, first_seqs.get(record.id)) for record, at in latest.values()]
    await conn.execute(dialect.upsert(conn.dialect.name, calls, keep=("first_seq",)), rows)
    await _save_recordings(conn, (record for record, _ in latest.values()))
    for record in saved:
        _lay(record, stood)
    return saved


def _lay(record: CallRecord, stood: Standing) -> None:
    """Over the record what has tables of its own."""
    record.tags = list(stood.tags.get(record.id, ()))
    record.deals = list(stood.deals.get(record.id, ()))
    record.responsible = stood.people.get(record.id)


async def _decoded(conn: AsyncConnection, texts: Sequence[str]) -> list[CallRecord]:
    records = [_decoder.decode(text) for text in texts]
    ids = [record.id for record in records]
    stood = Standing(
        {},
        await tags_.of_calls(conn, ids),
        await deals_.of_calls(conn, ids),
        await people_.of_calls(conn, ids),
    )
    for record in records:
        _lay(record, stood)
    return records


async def get(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    """The call of that id, or of the only id that begins so; None when there is none.

    NotUnique when several begin so.
    """
    whole = len(call_id) == ID_LENGTH
    wanted = calls.c.id == call_id if whole else calls.c.id.startswith(call_id, autoescape=True)
    texts = (await conn.execute(select(calls.c.record).where(wanted).limit(2))).scalars().all()
    if len(texts) > 1:
        raise NotUnique(f"several calls begin with {call_id!r}")
    return next(iter(await _decoded(conn, texts)), None)


async def saved(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    """The call as its channels told it, without what stands beside it (tags, deals, people)."""
    text = (await conn.execute(select(calls.c.record).where(calls.c.id == call_id))).scalar()
    return None if text is None else _decoder.decode(text)


async def locked(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    """As `get`; nobody else changes the call until this transaction ends."""
    found = await get(conn, call_id)
    if found is None:
        return None
    await conn.execute(select(calls.c.id).where(calls.c.id == found.id).with_for_update())
    return await get(conn, found.id)


def _tagged(name: str) -> ColumnElement[bool]:
    return exists().where(
        tags.c.call_id == calls.c.id, tags.c.name == name, tags.c.removed_at.is_(None)
    )


def _conditions(wanted: CallFilter) -> Iterable[ColumnElement[bool]]:
    for name in ("pbx", "did", "caller", "direction", "outcome", "lost", "tracked"):
        value = getattr(wanted, name)
        if value is not None:
            yield calls.c[name] == value
    if wanted.since is not None:
        yield calls.c.started_at >= wanted.since
    if wanted.until is not None:
        yield calls.c.started_at < wanted.until
    if wanted.operator is not None:
        yield calls.c.operators.contains(f" {wanted.operator} ", autoescape=True)
    if wanted.tag is not None:
        yield _tagged(wanted.tag)
    if wanted.without_tag is not None:
        yield ~_tagged(wanted.without_tag)


async def list_calls(
    conn: AsyncConnection, wanted: CallFilter, limit: int = 50, offset: int = 0
) -> list[CallRecord]:
    """The calls that fit, newest first."""
    query = (
        select(calls.c.record)
        .where(*_conditions(wanted))
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return await _decoded(conn, (await conn.execute(query)).scalars().all())


async def open_calls(conn: AsyncConnection, pbx: str) -> list[CallRecord]:
    """The calls of an attachment whose end is not known, oldest first."""
    query = (
        select(calls.c.record)
        .where(calls.c.pbx == pbx, calls.c.ended_at.is_(None))
        .order_by(calls.c.started_at, calls.c.id)
    )
    return await _decoded(conn, (await conn.execute(query)).scalars().all())


async def oldest_open_seq(conn: AsyncConnection, pbx: str) -> int | None:
    """The journal number from which on all calls in progress can be rebuilt; None: none is."""
    query = (
        select(calls.c.first_seq)
        .where(calls.c.pbx == pbx, calls.c.ended_at.is_(None), calls.c.first_seq.is_not(None))
        .order_by(calls.c.first_seq)
        .limit(1)
    )
    return (await conn.execute(query)).scalar()
