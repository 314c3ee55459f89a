"""Who has a number: contacts, else companies, each with its newest deal in progress.

The search compares national digits at the end of a field, so numbers are compared here again. Its
index lags, so what we made ourselves is read by its id when the search does not know it yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from calltrackd.crm import phones
from calltrackd.crm.hubspot import values
from calltrackd.crm.hubspot.api import Api, Entity
from calltrackd.crm.hubspot.places import KINDS
from calltrackd.crm.leads.match import EntityKind, Match
from calltrackd.settings.crm import HubspotTarget

SEARCHABLE = "hs_searchable_calculated_phone_number"
SEARCHABLE_MOBILE = "hs_searchable_calculated_mobile_number"
"""HubSpot's own: the digits of a number, mostly without the country's code."""
ABOUT = ("hubspot_owner_id", "createdate", "notes_last_updated")
CONTACT = ("firstname", "lastname", "phone", "mobilephone", *ABOUT)
COMPANY = ("name", "phone", *ABOUT)
DEAL = ("createdate", "hs_is_closed")
MOST_DEALS = 200
"""Of all that have one number, the latest ids."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What we made of a number's owner: kept in the client's memory."""

    contact: str | None = None
    at: float = 0.0
    """Unix seconds, of the contact or of the latest deal."""


def made_of(known: Mapping[str, Any]) -> Made:
    """The client's memory, read."""
    return msgspec.convert(known.get("made", {}), Made)


class Clients:
    """Looks for the owners of a number. Raises Trouble."""

    def __init__(self, settings: HubspotTarget, api: Api) -> None:
        self._api, self._ours = api, settings.phone_property

    async def of_number(self, phone: str, made: Made, *, urgent: bool = False) -> list[Match]:
        """All who have the number (E.164), in any order."""
        found = await self._contacts(phone, urgent)
        if made.contact and made.contact not in {str(one["id"]) for one in found}:
            known = await self._api.read("contacts", [made.contact], (*CONTACT, self._ours))
            there = {str(one["id"]) for one in found}
            found += [one for one in known if self._has(one, phone) and one["id"] not in there]
        if found:
            return await self._matches("contact", found)
        return await self._matches("company", await self._companies(phone, urgent))

    async def made_for(self, phone: str) -> str | None:
        """The id of the contact that was made under the number; read, not searched: at once."""
        found = await self._api.read("contacts", [phone], CONTACT, by=self._ours)
        return str(found[0]["id"]) if found else None

    async def _contacts(self, phone: str, urgent: bool) -> list[Entity]:
        ends = f"*{phones.national(phone)}"
        groups = [
            [_filter(SEARCHABLE, "CONTAINS_TOKEN", ends)],
            [_filter(SEARCHABLE_MOBILE, "CONTAINS_TOKEN", ends)],
            [_filter("phone", "EQ", phone)],
            [_filter("mobilephone", "EQ", phone)],
            [_filter(self._ours, "EQ", phone)],
        ]
        names = (*CONTACT, self._ours)
        found, _ = await self._api.search("contacts", groups, names, urgent=urgent)
        return [one for one in found if self._has(one, phone)]

    async def _companies(self, phone: str, urgent: bool) -> list[Entity]:
        ends = f"*{phones.national(phone)}"
        groups = [[_filter(SEARCHABLE, "CONTAINS_TOKEN", ends)], [_filter("phone", "EQ", phone)]]
        found, _ = await self._api.search("companies", groups, COMPANY, urgent=urgent)
        return [one for one in found if values.has(one, phone, ("phone",))]

    def _has(self, contact: Entity, phone: str) -> bool:
        return values.has(contact, phone, ("phone", "mobilephone", self._ours))

    async def _matches(self, kind: EntityKind, found: Sequence[Entity]) -> list[Match]:
        if not found:
            return []
        ids = [str(one["id"]) for one in found]
        deals = await self._api.associated(KINDS[kind], ids, "deals")
        wanted = sorted({one for some in deals.values() for one in some}, key=int)[-MOST_DEALS:]
        read = await self._api.read("deals", wanted, DEAL)
        going = {str(one["id"]): one for one in read if _is_open(one)}
        return [_match(kind, one, deals.get(str(one["id"]), []), going) for one in found]


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _is_open(deal: Entity) -> bool:
    return not values.truth(values.prop(deal, "hs_is_closed"))


def _match(
    kind: EntityKind, entity: Entity, deals: Sequence[str], going: Mapping[str, Entity]
) -> Match:
    mine = [going[one] for one in deals if one in going]
    newest = max(mine, key=_age, default=None)
    return Match(
        kind=kind,
        id=str(entity["id"]),
        name=values.name_of(entity),
        responsible=values.prop(entity, "hubspot_owner_id"),
        open_deal=str(newest["id"]) if newest else None,
        active_at=values.moment(values.prop(entity, "notes_last_updated")),
        created_at=values.moment(values.prop(entity, "createdate")),
    )


def _age(deal: Entity) -> tuple[float, int]:
    return values.moment(values.prop(deal, "createdate")) or 0.0, int(deal["id"])
