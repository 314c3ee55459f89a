"""Leads coming back: amoCRM's leads are what others call deals.

Pages are asked for by "changed since the last one I have", not by number: a lead that changes while
the list is read moves to its end, and all behind it would slip by one.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from calltrackd.crm.amocrm import entities
from calltrackd.crm.amocrm.account import Account
from calltrackd.crm.amocrm.api import LONGEST, PAGE, Api, Entity
from calltrackd.model.deal import Deal, amount_of
from calltrackd.model.numbers import e164
from calltrackd.settings.crm import AmocrmTarget


class Deals:
    """Reads leads. Raises Trouble."""

    def __init__(self, settings: AmocrmTarget, region: str, api: Api, account: Account) -> None:
        self._settings, self._region, self._api, self._account = settings, region, api, account

    async def one(self, deal_id: str) -> Deal | None:
        """The lead as it is now; None: it is gone."""
        found = await self._api.get(f"/api/v4/leads/{deal_id}", {"with": "contacts"})
        if not found or found.get("is_deleted"):
            return None
        (deal,) = await self._deals([found])
        return deal

    async def changed(self, since: float) -> AsyncIterator[list[Deal]]:
        """Pages of those changed since then (unix seconds), the oldest change first."""
        seen: set[tuple[int, int]] = set()
        start = int(since)
        while True:
            last = start
            async for page in self._since(start):
                last = max(int(one["updated_at"]) for one in page)
                fresh = [one for one in page if (one["id"], one["updated_at"]) not in seen]
                seen |= {(one["id"], one["updated_at"]) for one in fresh}
                if fresh:
                    yield await self._deals([one for one in fresh if not one.get("is_deleted")])
                if last > start:
                    break
            if last == start:
                return
            start = last
            seen = {key for key in seen if key[1] >= start}

    def _since(self, moment: int) -> AsyncIterator[list[Entity]]:
        given = {
            "filter[updated_at][from]": str(moment),
            "order[updated_at]": "asc",
            "with": "contacts",
        }
        return self._api.pages("/api/v4/leads", "leads", given, limit=PAGE)

    async def _deals(self, leads: Sequence[Entity]) -> list[Deal]:
        contacts = await self._contacts(leads)
        currency = await self._account.currency() if leads else None
        return [self._deal(one, contacts, currency) for one in leads]

    async def _contacts(self, leads: Sequence[Entity]) -> dict[str, Entity]:
        ids = dict.fromkeys(one for lead in leads for one in entities.inside(lead, "contacts"))
        given = {f"filter[id][{n}]": one for n, one in enumerate(list(ids)[:LONGEST])}
        if not given:
            return {}
        listed = await self._api.listed("/api/v4/contacts", "contacts", given)
        return {str(one["id"]): one for one in listed}

    def _deal(self, lead: Entity, contacts: Mapping[str, Entity], currency: str | None) -> Deal:
        field = self._settings.call_field_id
        mine = entities.inside(lead, "contacts")
        status = int(lead["status_id"])
        return Deal(
            id=str(lead["id"]),
            title=lead.get("name") or None,
            pipeline=str(lead["pipeline_id"]) if lead.get("pipeline_id") else None,
            stage=str(status),
            won={entities.WON: True, entities.LOST: False}.get(status),
            amount=amount_of(lead.get("price")),
            currency=currency,
            created_at=_moment(lead.get("created_at")),
            changed_at=float(lead["updated_at"]),
            closed_at=_moment(lead.get("closed_at")),
            contacts=[*mine, *entities.inside(lead, "companies")],
            phones=self._phones([contacts[one] for one in mine if one in contacts]),
            calls=[str(one) for one in entities.values(lead, field)] if field is not None else [],
            responsible=str(lead["responsible_user_id"])
            if lead.get("responsible_user_id")
            else None,
            url=f"{self._settings.url}/leads/detail/{lead['id']}",
            raw=msgspec.json.encode(lead).decode(),
        )

    def _phones(self, contacts: Sequence[Entity]) -> list[str]:
        typed = [number for one in contacts for number in entities.numbers(one)]
        found = (e164(number, self._region) for number in typed)
        return list(dict.fromkeys(number for number in found if number is not None))


def _moment(value: float | None) -> float | None:
    return float(value) if value else None
