"""Which entity of a CRM holds which call: how a deal that comes back finds its calls."""

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.tables import crm_links


class Link(msgspec.Struct, frozen=True):
    """In the CRM `target` the call is kept under an entity.

    `kind`: contact, company, lead, deal, task, call ... as that connector names it. `at`: unix
    seconds.
    """

    target: str
    kind: str
    remote_id: str
    call_id: str
    at: float


async def add(conn: AsyncConnection, links: Iterable[Link]) -> None:
    """Add links; a known one stays as it is."""
    rows = [msgspec.structs.asdict(link) for link in links]
    if rows:
        await conn.execute(dialect.add_missing(conn.dialect.name, crm_links), rows)


async def calls_of(
    conn: AsyncConnection, target: str, kind: str, remote_ids: Collection[str]
) -> list[Link]:
    """The links of some entities, newest first."""
    query = select(crm_links).where(
        crm_links.c.target == target,
        crm_links.c.kind == kind,
        crm_links.c.remote_id.in_(remote_ids),
    )
    query = query.order_by(crm_links.c.at.desc(), crm_links.c.call_id.desc())
    return [Link(**row) for row in (await conn.execute(query)).mappings()]


async def of_call(conn: AsyncConnection, call_id: str) -> list[Link]:
    """Where a call is kept, oldest first."""
    query = select(crm_links).where(crm_links.c.call_id == call_id)
    query = query.order_by(crm_links.c.at, crm_links.c.kind, crm_links.c.remote_id)
    return [Link(**row) for row in (await conn.execute(query)).mappings()]


async def drop(conn: AsyncConnection, call_ids: Collection[str]) -> int:
    """Delete all links of some calls; returns how many."""
    done = 0
    for part in dialect.parts(call_ids):
        gone = await conn.execute(delete(crm_links).where(crm_links.c.call_id.in_(part)))
        done += gone.rowcount
    return done
