"""Up to which change of deals each target was polled."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.deal_tables import watermarks


async def get(conn: AsyncConnection, target: str) -> float | None:
    """The moment by the CRM's clock (unix seconds); None: it was never polled."""
    query = select(watermarks.c.at).where(watermarks.c.target == target)
    return (await conn.execute(query)).scalar()


async def advance(conn: AsyncConnection, target: str, to: float, at: float) -> None:
    """All that changed before `to` is committed; `at`: this machine's clock. Never goes back."""
    known = await get(conn, target)
    row = {"target": target, "at": to if known is None else max(known, to), "updated_at": at}
    await conn.execute(dialect.upsert(conn.dialect.name, watermarks), row)
