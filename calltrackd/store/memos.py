"""What CRM targets know of calls, clients and themselves, as JSON; last writer wins.

Written before it is used: an intention before the request, a result before the next request, a new
token before the first call with it. So after a crash it says what has to be asked.
"""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.tables import crm_memos

About = Literal["call", "phone", "target"]


async def get(conn: AsyncConnection, target: str, about: About, key: str) -> str | None:
    """The memo's JSON, None where there is none."""
    query = select(crm_memos.c.value).where(
        crm_memos.c.target == target, crm_memos.c.about == about, crm_memos.c.key == key
    )
    return (await conn.execute(query)).scalar()


async def put(
    conn: AsyncConnection, target: str, about: About, key: str, *, value: str, at: float
) -> None:
    """Write a memo, in place of what was there. `at`: unix seconds."""
    row = {"target": target, "about": about, "key": key, "value": value, "updated_at": at}
    await conn.execute(dialect.upsert(conn.dialect.name, crm_memos), row)


async def drop(conn: AsyncConnection, about: About, keys: Collection[str]) -> int:
    """Delete what all targets know of some calls or clients; returns how many memos."""
    done = 0
    for part in dialect.parts(keys):
        query = delete(crm_memos).where(crm_memos.c.key.in_(part), crm_memos.c.about == about)
        done += (await conn.execute(query)).rowcount
    return done
