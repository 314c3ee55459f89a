"""Who has a number in RetailCRM: it names one customer, and his manager."""

import msgspec

from calltrackd.crm.leads.match import Match
from calltrackd.crm.people import Person
from calltrackd.crm.retailcrm.api import Api, Row
from calltrackd.crm.retailcrm.statuses import Statuses
from calltrackd.crm.users import Users

NEWEST = "20"
"""Orders of a customer that are looked at; a list gives the newest first."""


class Found(msgspec.Struct, frozen=True):
    """What a number says."""

    match: Match | None = None
    person: Person | None = None


class Clients:
    """Looks clients up. Methods raise Trouble."""

    def __init__(self, api: Api, users: Users, statuses: Statuses) -> None:
        self._api, self._users, self._statuses = api, users, statuses

    async def find(self, phone: str, *, urgent: bool = False) -> Found:
        """The client with the number (E.164), with his newest open order."""
        told = await self._ask(phone, urgent=urgent)
        customer, person = told.get("customer"), self._person(told.get("manager"))
        if not customer:
            return Found(person=person)
        client = str(customer["id"])
        query = {"filter[customerId]": client, "limit": NEWEST}
        orders = (await self._api.get("v5/orders", query, urgent=urgent))["orders"]
        opened = [one for one in orders if await self._statuses.won(one["status"]) is None]
        match = Match(
            kind="customer",
            id=client,
            name=_name(customer),
            responsible=None if person is None else person.id,
            open_deal=str(opened[0]["id"]) if opened else None,
        )
        return Found(match, person)

    async def responsible(self, phone: str) -> Person | None:
        """Whose client it is."""
        return self._person((await self._ask(phone)).get("manager"))

    async def _ask(self, phone: str, *, urgent: bool = False) -> Row:
        """`ignoreStatus`: also a manager who is not at his place."""
        query = {"phone": phone, "details": "1", "ignoreStatus": "1"}
        return await self._api.get("v5/telephony/manager", query, urgent=urgent)

    def _person(self, manager: Row | None) -> Person | None:
        if not manager:
            return None
        user = str(manager["id"])
        extension = self._users.extension(user) or manager.get("code")
        return Person(id=user, name=_name(manager), extension=extension)


def _name(row: Row) -> str | None:
    parts = (row.get("firstName"), row.get("lastName"))
    return " ".join(part for part in parts if part) or None
