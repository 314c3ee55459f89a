"""How far the journal of each PBX is in the store; written in the transaction of its calls."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.store import dialect
from calltrackd.store.tables import attachments


async def applied(conn: AsyncConnection, pbx: str) -> int:
    """The journal's number up to which the attachment was applied; 0 when nothing was."""
    query = select(attachments.c.applied_seq).where(attachments.c.pbx == pbx)
    return (await conn.execute(query)).scalar() or 0


async def set_applied(conn: AsyncConnection, pbx: str, seq: int, at: float) -> None:
    """All up to and with `seq` is in the store. `at`: unix seconds, for the reader's eye."""
    row = {"pbx": pbx, "applied_seq": seq, "updated_at": at}
    await conn.execute(dialect.upsert(conn.dialect.name, attachments), row)
