"""What was said in a call, committed: transcript, tags, the next version, and who is told."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.calls import kinds
from calltrackd.crm.target import Target
from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.publish import publish
from calltrackd.settings import Kinds
from calltrackd.store import calls, transcripts
from calltrackd.store import tags as tags_
from calltrackd.store.transcripts import Stored


class Spoken(msgspec.Struct, kw_only=True):
    """What one recording or one moment of a tap brought for its call."""

    call_id: str
    tags: list[Tag] = []
    alerts: list[Alert] = []
    """Each beside the tag of its name; told only when that tag is new to the call."""
    stored: Stored | None = None
    """The masked transcript, when there is one to keep."""
    words: set[str] = set()
    """By which it is found."""
    said_at: float | None = None
    """When the last word of it was said, unix seconds; None: not while the call lived."""
    untags: set[str] = set()
    """Tags of words that the rules of today don't give any more."""


async def save(
    conn: AsyncConnection, spoken: Spoken, targets: list[Target], rules: Kinds, at: float
) -> Committed | None:
    """Write it in the transaction of `conn`; None when the call has gone or nothing is new.

    `at`: this machine's clock, unix seconds. A transcript is news for the CRM as well.
    """
    record = await calls.locked(conn, spoken.call_id)
    if record is None:
        return None
    if spoken.stored is not None:
        await transcripts.save(conn, spoken.stored, spoken.words)
    gone = await tags_.take_back(conn, record.id, "phrase", spoken.untags)
    before = {(tag.name, tag.source) for tag in record.tags} - {(name, "phrase") for name in gone}
    await tags_.add(conn, [(record.id, tag) for tag in spoken.tags])
    record.tags = (await tags_.of_calls(conn, [record.id])).get(record.id, [])
    new = {(tag.name, tag.source) for tag in record.tags} - before
    if not new and not gone and spoken.stored is None:
        return None
    record.kind = kinds.judge(record, record.earlier, rules)
    names = {name for name, _ in new}
    alerts = [alert for alert in spoken.alerts if alert.rule in names]
    return await publish(conn, _changes(record, alerts, at), targets, at)


def _changes(record: CallRecord, alerts: list[Alert], at: float) -> list[Change]:
    """One change for each alert, else one for all."""
    if not alerts:
        return [Change(record, "updated", at)]
    return [Change(record, "alert", at, alert=alert) for alert in alerts]
