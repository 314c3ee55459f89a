"""Talk maps: who spoke when, one a call, as JSON of whoever made it."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.tables import talk_maps


async def save(conn: AsyncConnection, call_id: str, made: str, at: float) -> None:
    """Write a call's map in place of an older one. The call must be there at the commit."""
    row = {"call_id": call_id, "made_at": at, "map": made}
    await conn.execute(dialect.upsert(conn.dialect.name, talk_maps), row)


async def of_calls(conn: AsyncConnection, call_ids: Collection[str]) -> dict[str, str]:
    """Call id -> its map; a call without one is not a key."""
    found: dict[str, str] = {}
    for part in dialect.parts(call_ids):
        query = select(talk_maps.c.call_id, talk_maps.c.map).where(talk_maps.c.call_id.in_(part))
        found |= {row.call_id: row.map for row in await conn.execute(query)}
    return found
