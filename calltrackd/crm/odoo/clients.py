"""Who has a number in Odoo: contacts, and leads with or without one."""

from collections.abc import Iterable
from datetime import UTC, datetime

from calltrackd.crm.leads.match import Match, chosen
from calltrackd.crm.odoo.api import Api, Domain, Row
from calltrackd.crm.people import Person
from calltrackd.crm.phones import national, same
from calltrackd.crm.users import Users

LEAST_DIGITS = 5
"""Shorter numbers would find half of all clients; Odoo itself refuses fewer than three."""
ARCHIVED_TOO: Domain = ["active", "in", [True, False]]
"""A lost lead is an archived one, and a search leaves those out unless asked."""
CONTACT_FIELDS = ["name", "phone", "is_company", "user_id", "create_date"]
LEAD_FIELDS = [
    "name", "phone", "partner_id", "user_id", "won_status", "active", "create_date", "write_date",
]  # fmt: skip


class Clients:
    """Looks clients up."""

    def __init__(self, api: Api, users: Users) -> None:
        self._api, self._users = api, users
        self._names: dict[str, str] = {}

    async def matches(self, phone: str, *, urgent: bool = False) -> list[Match]:
        """All that have the number (E.164). Raises Trouble."""
        digits = national(phone)
        if len(digits) < LEAST_DIGITS:
            return []
        has = ["phone_mobile_search", "ilike", digits]
        contacts = await self._api.find("res.partner", [has], CONTACT_FIELDS, urgent=urgent)
        contacts = [row for row in contacts if same(row["phone"] or "", phone)]
        domain = ["|", has, ["partner_id", "in", [row["id"] for row in contacts]], ARCHIVED_TOO]
        leads = await self._api.find(
            "crm.lead", domain, LEAD_FIELDS, order="write_date desc, id desc", urgent=urgent
        )
        for row in (*contacts, *leads):
            self._learn(row)
        return [*_of_contacts(contacts, leads), *_on_their_own(contacts, leads, phone)]

    async def responsible(self, phone: str) -> Person | None:
        """Whose client it is, by the same rules by which calls are told. Raises Trouble."""
        return self.person(chosen(await self.matches(phone)))

    def person(self, match: Match | None) -> Person | None:
        """The user responsible for what was found."""
        user = None if match is None else match.responsible
        if user is None:
            return None
        return Person(id=user, name=self._names.get(user), extension=self._users.extension(user))

    def _learn(self, row: Row) -> None:
        if row["user_id"]:
            self._names[str(row["user_id"][0])] = row["user_id"][1]


def _of_contacts(contacts: Iterable[Row], leads: Iterable[Row]) -> Iterable[Match]:
    for contact in contacts:
        mine = [
            lead for lead in leads if lead["partner_id"] and lead["partner_id"][0] == contact["id"]
        ]
        newest = next(filter(_is_open, mine), None)
        yield Match(
            kind="company" if contact["is_company"] else "contact",
            id=str(contact["id"]),
            name=contact["name"] or None,
            responsible=_user(newest) or _user(contact) or _user(next(iter(mine), None)),
            open_deal=None if newest is None else str(newest["id"]),
            active_at=unix(mine[0]["write_date"]) if mine else None,
            created_at=unix(contact["create_date"]),
        )


def _on_their_own(contacts: Iterable[Row], leads: Iterable[Row], phone: str) -> Iterable[Match]:
    """Leads of nobody in `contacts`."""
    known = {contact["id"] for contact in contacts}
    for lead in leads:
        if (lead["partner_id"] and lead["partner_id"][0] in known) or not same(
            lead["phone"] or "", phone
        ):
            continue
        yield Match(
            kind="lead",
            id=str(lead["id"]),
            name=lead["name"] or None,
            responsible=_user(lead),
            open_deal=str(lead["id"]) if _is_open(lead) else None,
            active_at=unix(lead["write_date"]),
            created_at=unix(lead["create_date"]),
        )


def _is_open(lead: Row) -> bool:
    return bool(lead["active"]) and lead["won_status"] not in {"won", "lost"}


def _user(row: Row | None) -> str | None:
    return str(row["user_id"][0]) if row is not None and row["user_id"] else None


def unix(text: str) -> float:
    """Odoo's UTC second as unix seconds.

    >>> unix("2026-11-23 08:42:18")
    1795423338.0
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def moment(at: float) -> str:
    """Unix seconds as Odoo writes them, whole seconds of UTC.

    >>> moment(1795423338.5)
    '2026-11-23 08:42:18'
    """
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%d %H:%M:%S}"
