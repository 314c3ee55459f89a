"""Who has a number: contacts, else companies, each with its newest lead in progress.

The search is broad (any field) and lags behind what was just written, so numbers are compared here,
and what we made ourselves is read by its id when the search does not know it yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from calltrackd.crm import phones
from calltrackd.crm.amocrm import entities
from calltrackd.crm.amocrm.api import Api, Entity, embedded
from calltrackd.crm.leads.match import Match

MOST_LEADS = 200
"""Of all that have one number: more are no client's."""
MOST_DEALS = 10


class Incoming(msgspec.Struct, frozen=True):
    """An incoming lead that nobody accepted yet; its contact is in no list until then."""

    uid: str
    deal: str
    contact: str | None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What we made of a number's owner: kept in the client's memory."""

    contact: str | None = None
    deals: dict[str, str] = {}
    """The latest ones, oldest first, and the calls they were made of."""
    incoming: Incoming | None = None
    version: int = 0
    """Grows with each of it: what was found before does not know it."""


def made_of(known: Mapping[str, Any]) -> Made:
    """The client's memory, read."""
    return msgspec.convert(known.get("made", {}), Made)


class Clients:
    """Looks for the owners of a number. Raises Trouble."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def of_number(self, phone: str, made: Made) -> list[Match]:
        """All who have the number (E.164), in any order."""
        found = await self._found("contacts", phone)
        if made.contact and made.contact not in {str(one["id"]) for one in found}:
            found += await self._ours(made.contact, phone)
        if found:
            return await self._matches("contacts", found)
        if made.incoming and (match := await self._waiting(made.incoming)):
            return [match]
        return await self._matches("companies", await self._found("companies", phone))

    async def since(self, phone: str, moment: float) -> str | None:
        """The id of a contact with the number that came into being at `moment` or later."""
        given = {"filter[created_at][from]": str(int(moment)), "order[id]": "desc"}
        async for page in self._api.pages("/api/v4/contacts", "contacts", given, limit=250):
            for one in page:
                if entities.has(one, phone):
                    return str(one["id"])
        return None

    async def _found(self, folder: str, phone: str) -> list[Entity]:
        query = {"query": phones.digits(phone)[-phones.LAST :], "with": "leads"}
        listed = await self._api.listed(f"/api/v4/{folder}", folder, query)
        return [one for one in listed if entities.has(one, phone)]

    async def _ours(self, contact: str, phone: str) -> list[Entity]:
        """The contact that we made, unless it is gone or has another number now."""
        one = await self._api.get(f"/api/v4/contacts/{contact}", {"with": "leads"})
        return [one] if one and not one.get("is_deleted") and entities.has(one, phone) else []

    async def _waiting(self, incoming: Incoming) -> Match | None:
        given = {"filter[uid]": incoming.uid}
        answer = await self._api.get("/api/v4/leads/unsorted", given)
        if incoming.uid not in {one.get("uid") for one in embedded(answer, "unsorted")}:
            return None
        contact, deal = incoming.contact, incoming.deal
        if contact is None:
            return Match(kind="lead", id=deal, open_deal=deal)
        return Match(kind="contact", id=contact, open_deal=deal)

    async def _matches(self, folder: str, found: Sequence[Entity]) -> list[Match]:
        ids = [one for entity in found for one in entities.inside(entity, "leads")]
        leads = {str(one["id"]): one for one in await self._leads(ids[-MOST_LEADS:])}
        kind = entities.FOLDERS[folder]
        return [entities.match_of(kind, one, leads) for one in found]

    async def _leads(self, ids: Sequence[str]) -> list[Entity]:
        if not ids:
            return []
        given = {f"filter[id][{n}]": one for n, one in enumerate(ids)}
        return await self._api.listed("/api/v4/leads", "leads", given)
