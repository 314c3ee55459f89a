"""Deals coming back.

Pages are asked for by "changed since the last one I have": a deal that changes while the list is
read moves to its end, and all behind it would slip by one; also no search gives more than 10,000.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from calltrackd.crm.hubspot import values
from calltrackd.crm.hubspot.account import Account
from calltrackd.crm.hubspot.api import Api, Entity
from calltrackd.model.deal import Deal, amount_of
from calltrackd.model.numbers import e164
from calltrackd.settings.crm import HubspotTarget

CHANGED = "hs_lastmodifieddate"
NAMES = (
    "dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "createdate", "closedate",
    CHANGED, "hs_is_closed", "hs_is_closed_won", "hubspot_owner_id",
)  # fmt: skip
PHONES = ("phone", "mobilephone")
APP = "app.hubspot.com"


class _Beside(msgspec.Struct, frozen=True):
    """What stands beside a page of deals: ids by deal's id, numbers by contact's id."""

    contacts: dict[str, list[str]]
    companies: dict[str, list[str]]
    numbers: dict[str, list[str]]
    account: dict[str, Any]


class Deals:
    """Reads deals. Raises Trouble."""

    def __init__(self, settings: HubspotTarget, region: str, api: Api, account: Account) -> None:
        self._call, self._region = settings.call_property, region
        self._names = (*NAMES, self._call)
        self._api, self._account = api, account

    async def one(self, deal_id: str) -> Deal | None:
        """The deal as it is now; None: it is gone."""
        found = await self._api.read("deals", [deal_id], self._names)
        return (await self._deals(found))[0] if found else None

    async def changed(self, since: float) -> AsyncIterator[list[Deal]]:
        """Pages of those changed since then (unix seconds), the oldest change first."""
        start, after = int(since * 1000), None
        seen: set[tuple[str, int]] = set()
        while True:
            page, after = await self._page(start, after)
            fresh = [one for one in page if _key(one) not in seen]
            seen |= {_key(one) for one in fresh}
            if fresh:
                yield await self._deals(fresh)
            last = max((_changed_ms(one) for one in page), default=start)
            if after is None:
                return
            if last > start:
                start, after = last, None
                seen = {key for key in seen if key[1] >= start}

    async def _page(self, start: int, after: str | None) -> tuple[list[Entity], str | None]:
        since = {"propertyName": CHANGED, "operator": "GTE", "value": str(start)}
        sorts = [{"propertyName": CHANGED, "direction": "ASCENDING"}]
        return await self._api.search("deals", [[since]], self._names, sorts=sorts, after=after)

    async def _deals(self, found: Sequence[Entity]) -> list[Deal]:
        ids = [str(one["id"]) for one in found]
        contacts = await self._api.associated("deals", ids, "contacts")
        companies = await self._api.associated("deals", ids, "companies")
        people = {one for some in contacts.values() for one in some}
        read = await self._api.read("contacts", sorted(people), PHONES)
        numbers = {str(one["id"]): self._numbers(one) for one in read}
        account = await self._account.itself()
        return [self._deal(one, _Beside(contacts, companies, numbers, account)) for one in found]

    def _deal(self, deal: Entity, beside: _Beside) -> Deal:
        def prop(name: str) -> str | None:
            return values.prop(deal, name)

        contacts = beside.contacts.get(str(deal["id"]), [])
        companies = beside.companies.get(str(deal["id"]), [])
        mine = [number for one in contacts for number in beside.numbers.get(one, [])]
        account, is_closed = beside.account, values.truth(prop("hs_is_closed"))
        calls = prop(self._call)
        return Deal(
            id=str(deal["id"]),
            title=prop("dealname"),
            pipeline=prop("pipeline"),
            stage=prop("dealstage") or "",
            won=_won(is_closed, prop("hs_is_closed_won")),
            amount=amount_of(prop("amount")),
            currency=prop("deal_currency_code") or account.get("companyCurrency"),
            created_at=values.moment(prop("createdate")),
            changed_at=_changed_ms(deal) / 1000,
            closed_at=values.moment(prop("closedate")) if is_closed else None,
            contacts=[*contacts, *companies],
            phones=list(dict.fromkeys(mine)),
            calls=[calls] if calls else [],
            responsible=prop("hubspot_owner_id"),
            url=_url(str(deal["id"]), account),
            raw=msgspec.json.encode(deal).decode(),
        )

    def _numbers(self, contact: Entity) -> list[str]:
        typed = [values.prop(contact, name) for name in PHONES]
        found = [e164(one, self._region) for one in typed if one]
        return [one for one in found if one is not None]


def _won(is_closed: bool, won: str | None) -> bool | None:
    """HubSpot's own word; deals in progress bear `false` under it, too."""
    if values.truth(won):
        return True
    return False if is_closed else None


def _changed_ms(deal: Entity) -> int:
    at = values.moment(values.prop(deal, CHANGED) or deal.get("updatedAt"))
    return round((at or 0.0) * 1000)


def _key(deal: Entity) -> tuple[str, int]:
    return str(deal["id"]), _changed_ms(deal)


def _url(deal: str, account: Mapping[str, Any]) -> str | None:
    portal = account.get("portalId")
    if portal is None:
        return None
    return f"https://{account.get('uiDomain') or APP}/contacts/{portal}/record/0-3/{deal}"
