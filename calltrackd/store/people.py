"""Who is responsible for a client: what CRMs said, and who it was when a call came."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.person import Person
from calltrackd.store import dialect
from calltrackd.store.deal_tables import call_people, people

_OF_CALLS = select(call_people).where(call_people.c.call_id.in_(bindparam("ids", expanding=True)))


def _person(row: Row[Any]) -> Person:
    return Person(row.target, row.user, row.name, row.extension)


def _columns(person: Person) -> dict[str, str | None]:
    return {
        "target": person.target,
        "user": person.user,
        "name": person.name,
        "extension": person.extension,
    }


async def note(
    conn: AsyncConnection, phone: str, target: str, person: Person | None, at: float
) -> None:
    """What the CRM said at `at` (unix seconds) of a client's number (E.164)."""
    if person is None:
        gone = delete(people).where(people.c.phone == phone, people.c.target == target)
        await conn.execute(gone)
    else:
        row = {"phone": phone, **_columns(person), "looked_at": at}
        await conn.execute(dialect.upsert(conn.dialect.name, people), row)


async def latest(conn: AsyncConnection, limit: int) -> list[tuple[str, Person, float]]:
    """(phone, person, looked at) of those looked up last, oldest of them first."""
    query = select(people).order_by(people.c.looked_at.desc(), people.c.phone).limit(limit)
    rows = (await conn.execute(query)).all()
    return [(row.phone, _person(row), row.looked_at) for row in reversed(rows)]


async def set_for(
    conn: AsyncConnection, found: Iterable[tuple[str, Person]], at: float
) -> set[str]:
    """Who is responsible in a call, as (call id, person); the first one told stays.

    Returns the ids of calls that had none. The calls must be there when the transaction commits.
    """
    rows = [{"call_id": call_id, **_columns(person), "at": at} for call_id, person in found]
    if not rows:
        return set()
    insert = dialect.add_missing(conn.dialect.name, call_people).returning(call_people.c.call_id)
    return set((await conn.execute(insert, rows)).scalars())


async def of_calls(conn: AsyncConnection, call_ids: Collection[str]) -> dict[str, Person]:
    """Call id -> who was responsible; a call without one is not a key."""
    found: dict[str, Person] = {}
    for part in dialect.parts(call_ids):
        for row in await conn.execute(_OF_CALLS, {"ids": part}):
            found[row.call_id] = _person(row)
    return found


async def prune(conn: AsyncConnection, before: float) -> int:
    """Delete what was looked up before `before` (unix seconds); returns how many."""
    return (await conn.execute(delete(people).where(people.c.looked_at < before))).rowcount


async def forget(conn: AsyncConnection, phone: str) -> int:
    """Delete what CRMs said of a number (E.164); returns how many."""
    return (await conn.execute(delete(people).where(people.c.phone == phone))).rowcount
