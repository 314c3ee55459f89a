"""Changes that come from elsewhere than a PBX, committed: the next version, and who is told."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import Target
from calltrackd.model.call import Change
from calltrackd.pipeline.commit import Committed
from calltrackd.store import calls, outbox


async def publish(
    conn: AsyncConnection, changes: list[Change], targets: Sequence[Target], at: float
) -> Committed:
    """Save the changes with what targets are owed of them, in the transaction of `conn`.

    `at`: this machine's clock, unix seconds.
    """
    records = await calls.save(conn, changes)
    rows = [
        row
        for saved, change in zip(records, changes, strict=True)
        for row in rows_for(saved, change.step, targets, at, change.alert)
    ]
    await outbox.add(conn, rows)
    return Committed(records, changes, rows)
