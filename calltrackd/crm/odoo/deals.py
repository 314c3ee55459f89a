"""Leads and opportunities as deals. To Odoo both are `crm.lead`, and one becomes the other."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from calltrackd.crm.odoo.api import Api, Row
from calltrackd.crm.odoo.clients import ARCHIVED_TOO, moment, unix
from calltrackd.model.deal import Deal, amount_of

PAGE = 200
FIELDS = [
    "name", "type", "stage_id", "team_id", "won_status", "active", "expected_revenue",
    "company_currency", "create_date", "write_date", "date_closed", "partner_id", "user_id",
    "phone_sanitized",
]  # fmt: skip
WON = {"won": True, "lost": False}


async def changed(api: Api, url: str, since: float) -> AsyncIterator[list[Deal]]:
    """Pages of what changed since then (unix seconds), the oldest change first. Raises Trouble.

    Odoo shows whole seconds, and what changes meanwhile moves to the end, so a page begins at the
    second in which the last one ended, without those that were seen of that second.
    """
    begin, seen = moment(since), list[int]()
    while True:
        domain = [["write_date", ">=", begin], ["id", "not in", seen], ARCHIVED_TOO]
        rows = await api.find("crm.lead", domain, FIELDS, limit=PAGE, order="write_date, id")
        if rows:
            yield [deal_of(row, url) for row in rows]
        if len(rows) < PAGE:
            return
        last = rows[-1]["write_date"]
        same_second = [row["id"] for row in rows if row["write_date"] == last]
        seen = [*seen, *same_second] if last == begin else same_second
        begin = last


async def read(api: Api, url: str, deal_id: str) -> Deal | None:
    """One of them as it is now. Raises Trouble."""
    if not deal_id.isdecimal():
        return None
    rows = await api.find("crm.lead", [["id", "=", int(deal_id)], ARCHIVED_TOO], FIELDS, limit=1)
    return deal_of(rows[0], url) if rows else None


def page_of(url: str, lead: str) -> str:
    """Where a person looks at it."""
    return f"{url}/odoo/crm/{lead}"


def deal_of(row: Row, url: str) -> Deal:
    """A row of `crm.lead` as a deal."""
    deal_id = str(row["id"])
    return Deal(
        id=deal_id,
        title=row["name"] or None,
        pipeline=_id(row["team_id"]),
        stage=_id(row["stage_id"]) or "",
        won=WON.get(row["won_status"]),
        amount=amount_of(row["expected_revenue"]),
        currency=row["company_currency"][1] if row["company_currency"] else None,
        created_at=unix(row["create_date"]),
        changed_at=unix(row["write_date"]),
        closed_at=unix(row["date_closed"]) if row["date_closed"] else None,
        contacts=[one] if (one := _id(row["partner_id"])) else [],
        leads=[deal_id],
        phones=[row["phone_sanitized"]] if row["phone_sanitized"] else [],
        responsible=_id(row["user_id"]),
        url=page_of(url, deal_id),
        raw=msgspec.json.encode(row).decode(),
    )


def _id(reference: Any) -> str | None:
    return str(reference[0]) if reference else None
