"""Who has a number in EspoCRM: contacts, accounts and leads."""

from collections.abc import Iterable, Sequence

from calltrackd.crm.espocrm.api import Api, Row, Where, among, either
from calltrackd.crm.espocrm.moments import unix
from calltrackd.crm.espocrm.stages import Stages
from calltrackd.crm.leads.match import EntityKind, Match, chosen
from calltrackd.crm.people import Person
from calltrackd.crm.phones import digits, national, variants
from calltrackd.crm.users import Users

LEAST_DIGITS = 5
"""Shorter numbers are nobody's."""
CONVERTED = "Converted"
OWNER = ["assignedUserId", "assignedUserName", "createdAt", "modifiedAt"]


class Clients:
    """Looks clients up; EspoCRM finds them by any of their numbers."""

    def __init__(self, api: Api, users: Users, stages: Stages) -> None:
        self._api, self._users, self._stages = api, users, stages
        self._names: dict[str, str] = {}

    async def matches(self, phone: str, *, urgent: bool = False) -> list[Match]:
        """All that have the number (E.164). Raises Trouble."""
        if len(national(phone)) < LEAST_DIGITS:
            return []
        has = [among("phoneNumberNumeric", numerics(phone))]
        contacts = await self._api.find(
            "Contact", has, ["name", "accountId", *OWNER], urgent=urgent
        )
        accounts = await self._api.find("Account", has, ["name", *OWNER], urgent=urgent)
        leads = await self._api.find("Lead", has, ["name", "status", *OWNER], urgent=urgent)
        theirs = {row.get("accountId") for row in contacts}
        accounts = [row for row in accounts if row["id"] not in theirs]
        deals = await self._deals(contacts, accounts, urgent=urgent)
        self._learn([*contacts, *accounts, *leads, *deals])
        found = [*await self._of(contacts, "contact", deals)]
        found += await self._of(accounts, "company", deals)
        return [*found, *await self._of_leads(leads, known=bool(found))]

    async def responsible(self, phone: str) -> Person | None:
        """Whose client it is, by the same rules by which calls are told. Raises Trouble."""
        return self.person(chosen(await self.matches(phone)))

    def person(self, match: Match | None) -> Person | None:
        """The user responsible for what was found."""
        user = None if match is None else match.responsible
        if user is None:
            return None
        return Person(id=user, name=self._names.get(user), extension=self._users.extension(user))

    async def _deals(
        self, contacts: Sequence[Row], accounts: Sequence[Row], *, urgent: bool
    ) -> list[Row]:
        """Opportunities of all of them, the newest change first."""
        parts: list[Where] = []
        if contacts:
            ids = [row["id"] for row in contacts]
            parts.append({"type": "linkedWith", "attribute": "contacts", "value": ids})
        if accounts:
            parts.append(among("accountId", [row["id"] for row in accounts]))
        if not parts:
            return []
        select = ["stage", "accountId", "contactsIds", *OWNER]
        return await self._api.find(
            "Opportunity", [either(*parts)], select, order="modifiedAt", way="desc", urgent=urgent
        )

    async def _of(self, rows: Iterable[Row], kind: EntityKind, deals: Sequence[Row]) -> list[Match]:
        found = []
        for row in rows:
            mine = [deal for deal in deals if _belongs(deal, row["id"], kind)]
            opened = [deal for deal in mine if await self._stages.won(deal["stage"]) is None]
            newest = opened[0] if opened else None
            found.append(
                Match(
                    kind=kind,
                    id=row["id"],
                    name=row.get("name"),
                    responsible=_user(newest) or _user(row),
                    open_deal=None if newest is None else newest["id"],
                    active_at=max(unix(one["modifiedAt"]) for one in (row, *mine[:1])),
                    created_at=unix(row["createdAt"]),
                )
            )
        return found

    async def _of_leads(self, leads: Iterable[Row], *, known: bool) -> list[Match]:
        """`known`: as contact or account; a lead that became one is the same client again."""
        return [
            Match(
                kind="lead",
                id=lead["id"],
                name=lead.get("name"),
                responsible=_user(lead),
                open_deal=None if await self._stages.lead_is_over(lead["status"]) else lead["id"],
                active_at=unix(lead["modifiedAt"]),
                created_at=unix(lead["createdAt"]),
            )
            for lead in leads
            if not (known and lead["status"] == CONVERTED)
        ]

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.get("assignedUserId") and row.get("assignedUserName"):
                self._names[row["assignedUserId"]] = row["assignedUserName"]


def numerics(phone: str) -> list[str]:
    """The digits that a number may have been typed with.

    >>> numerics("+79161234567")
    ['79161234567', '89161234567', '9161234567']
    """
    return list(dict.fromkeys(digits(one) for one in variants(phone)))


def _belongs(deal: Row, client: str, kind: EntityKind) -> bool:
    if kind == "contact":
        return client in (deal.get("contactsIds") or [])
    return bool(deal.get("accountId") == client)


def _user(row: Row | None) -> str | None:
    return None if row is None else row.get("assignedUserId")
