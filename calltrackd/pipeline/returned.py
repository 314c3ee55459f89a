"""What a CRM told of deals and of its managers, committed: joined to calls, and who is told.

Joining. The CRM's own link comes first: an object that was made for a call, or at which the call
stands. Without one it is the client's number, in the window of days before the deal was created. A
deal is joined to one call, so that no sum counts twice: the last that had begun when it was made.
A join by number gives way to a link that shows up later; a join by link stays, also when the deal
is lost, opened again and won.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.target import Target
from calltrackd.model.call import Change
from calltrackd.model.deal import Deal, DealStatus, DealWay, JoinWay, KeptDeal
from calltrackd.model.numbers import e164
from calltrackd.model.person import Person
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.publish import publish
from calltrackd.store import calls, deals, links, people

GRACE_S = 600.0
"""A client's first call may begin so much after the deal was created: he is called back while the
form is being filled in."""
CLOCKS_S = 60.0
"""The CRM's clock may be so far from ours: a call that began within it began before the deal."""
CLIENTS = ("contact", "company")
"""Links to these are of a client, not of one matter: the window of days holds for them, too."""


class Returned(msgspec.Struct, kw_only=True):
    """Deals as a CRM had them at one moment."""

    target: str
    deals: list[tuple[Deal, DealStatus]]
    """Each with its status by the settings' stages."""
    by: DealWay
    read_at: float
    """When the CRM was asked, unix seconds of our clock."""
    window_s: float
    """How long before a deal its call may have been, for a join by number."""
    region: str
    """ISO 3166 code: how the CRM's numbers are read."""


async def save(
    conn: AsyncConnection, returned: Returned, targets: Sequence[Target], at: float
) -> Committed | None:
    """Write it in the transaction of `conn`; None when no call's record tells anything new."""
    saved = await deals.save(
        conn, returned.target, returned.deals, by=returned.by, read_at=returned.read_at, at=at
    )
    touched: dict[str, None] = {}
    for one in saved:
        before = one.deal.call_id
        now = await _join(conn, one.deal, returned, at)
        if now is not None and (one.shown or now != before):
            touched |= dict.fromkeys(call_id for call_id in (before, now) if call_id)
    return await _tell(conn, list(touched), targets, at)


async def responsible(
    conn: AsyncConnection, call_id: str, person: Person, targets: Sequence[Target], at: float
) -> Committed | None:
    """Write who is responsible in a call; None when that is known, or the call forgotten."""
    if await calls.get(conn, call_id) is None:
        return None
    new = await people.set_for(conn, [(call_id, person)], at)
    return await _tell(conn, sorted(new), targets, at)


async def _tell(
    conn: AsyncConnection, call_ids: Sequence[str], targets: Sequence[Target], at: float
) -> Committed | None:
    changes = []
    for call_id in sorted(call_ids):
        record = await calls.locked(conn, call_id)
        if record is not None:
            changes.append(Change(record, "updated", at))
    return await publish(conn, changes, targets, at) if changes else None


async def _join(conn: AsyncConnection, deal: KeptDeal, returned: Returned, at: float) -> str | None:
    """The call of the deal, joined now if it was not."""
    if deal.way == "link":
        return deal.call_id
    made_at = deal.changed_at if deal.created_at is None else deal.created_at
    way: JoinWay = "link"
    call_id = await _by_link(conn, deal, made_at, returned.window_s)
    if call_id is None and deal.call_id is None:
        way, call_id = "phone", await _by_phone(conn, deal, made_at, returned)
    if call_id is None:
        return deal.call_id
    await deals.join(conn, deal, call_id, way, at)
    return call_id


async def _by_link(
    conn: AsyncConnection, deal: KeptDeal, made_at: float, window_s: float
) -> str | None:
    """The call to which its own fields lead, its leads, or its client."""
    until = made_at + CLOCKS_S
    places = [
        (deal.kind, [deal.id], 0.0),
        ("lead", deal.leads, 0.0),
        *((kind, deal.contacts, made_at - window_s) for kind in CLIENTS),
    ]
    call_id = await deals.likely_call(conn, deal.calls, 0.0, until)
    for kind, ids, since in places:
        if call_id is None:
            known = await links.calls_of(conn, deal.target, kind, ids)
            call_ids = [one.call_id for one in known]
            call_id = await deals.likely_call(conn, call_ids, since, until)
    return call_id


async def _by_phone(
    conn: AsyncConnection, deal: KeptDeal, made_at: float, returned: Returned
) -> str | None:
    given = {e164(phone, returned.region) for phone in deal.phones}
    phones = [phone for phone in given if phone is not None]
    since = made_at - returned.window_s
    found = await deals.calls_of_client(conn, phones, since, made_at + GRACE_S) if phones else []
    return await deals.likely_call(conn, found, since, made_at + CLOCKS_S)
