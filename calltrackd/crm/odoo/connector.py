"""Odoo: a call becomes a lead and a done activity with recording, tags and transcript.

rings      look the client up ──► card ──► a lead, if the policy wants one so early
answered   a lead, if the policy wants one
ends       lead or task, then the activity in the history of lead or contact, with all the rest
later      tags, recordings and transcripts as they come
"""

import hmac
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec

from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Policy
from calltrackd.crm.odoo import deals, words
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.odoo.cards import Cards
from calltrackd.crm.odoo.checks import Checks
from calltrackd.crm.odoo.clients import Clients
from calltrackd.crm.odoo.entry import Entry
from calltrackd.crm.odoo.maker import Maker
from calltrackd.crm.odoo.names import Names
from calltrackd.crm.odoo.place import Place, place_of
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord
from calltrackd.model.deal import Deal
from calltrackd.settings.crm import OdooTarget

MOST_USERS = 10_000


def build(target: CrmTarget, tools: Tools) -> "Odoo":
    """The connector of one target."""
    return Odoo(target, target.settings_as(OdooTarget), tools)


class Odoo:
    """One database of one Odoo."""

    def __init__(self, target: CrmTarget, settings: OdooTarget, tools: Tools) -> None:
        self._settings = settings
        self._brings = tools.links or tools.files is not None
        self.settles_s = settings.limit_time_s
        self._policy = Policy(target)
        self._users = Users(settings.users, settings.fallback_user)
        self._api = Api(settings, tools.clock)
        self._names = Names(self._api)
        self._clients = Clients(self._api, self._users)
        self._cards = Cards(self._api)
        self._maker = Maker(settings, self._api, self._names, self._users)
        self._entry = Entry(settings, self._api, self._names, self._users, tools)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    # -- calls

    async def perform(self, event: Event, desk: Desk) -> None:
        """Card, lead, task, and the call in the history of its document."""
        record = event.record
        if record.caller is None:
            return
        made = "lead" in desk and record.ended_at is None
        if "place" not in desk and (not made or self._rings(record)):
            await self._settle(record.caller, event, desk)
        if record.ended_at is not None and desk["place"] is not None:
            await self._entry.write(Place(*desk["place"]), event, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What became of a move.

        A contact is written under an external id: the same again is the answer. A lead is too, but
        once it is there, the policy wants no other, so it is looked for.
        """
        if name == "lead":
            return await self._maker.find_lead(event.record, begun_at)
        if name == "done":
            return await self._entry.find_done(desk, event.record)
        if name == "transcript":
            return await self._entry.find_note(event.record)
        return None

    async def _settle(self, phone: str, event: Event, desk: Desk) -> None:
        """Whose call it is, and what is made of it."""
        record = event.record
        rings = record.answered_at is None and record.ended_at is None
        matches = await self._clients.matches(phone, urgent=rings)
        decision = self._policy.decide(record, matches)
        desk.responsible(self._clients.person(decision.client))
        if self._rings(record):
            await self._show_cards(record, decision.client, desk)
        if decision.lead is not None:
            await self._maker.lead(decision.lead, decision.client, record, desk)
        if record.ended_at is not None:
            place = await self._maker.place(decision, matches, record, desk)
            links = [] if place is None else [place.link]
            await desk.remember("place", place and place.known(), links=links)

    def _rings(self, record: CallRecord) -> bool:
        """At somebody who is to see a card."""
        return self._settings.cards and bool(self._users.ringing(record))

    async def _show_cards(self, record: CallRecord, client: Match | None, desk: Desk) -> None:
        lead = None if client is None or place_of(client).model != "crm.lead" else place_of(client)
        link = None if lead is None else deals.page_of(self._settings.url, str(lead.id))
        text = words.card(record, client, link)
        for user in self._users.ringing(record):
            show = partial(self._cards.show, user, text)
            await desk.card(f"card {user}", show)

    # -- people

    async def responsible(self, phone: str) -> Person | None:
        """Whose client the number is."""
        return await self._clients.responsible(phone)

    async def users(self) -> list[CrmUser]:
        """All who work in this Odoo, the archived too; Odoo itself knows no extensions."""
        rows = await self._api.find(
            "res.users",
            [["share", "=", False], ["active", "in", [True, False]]],
            ["name", "login", "email", "active"],
            limit=MOST_USERS,
        )
        return [
            CrmUser(
                id=str(row["id"]),
                name=row["name"],
                email=row["email"] or row["login"],
                active=row["active"],
            )
            for row in rows
        ]

    async def check(self) -> list[Finding]:
        """Credentials, modules, rights, fields, stages; users are looked at by who asks."""
        return await Checks(self._settings, self._api, brings=self._brings).all()

    # -- deals

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Leads and opportunities, lost ones included."""
        return deals.changed(self._api, self._settings.url, since)

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """One of them; to Odoo both kinds are one."""
        assert kind  # noqa: S101
        return await deals.read(self._api, self._settings.url, deal_id)

    def verify(self, posted: Posted) -> bool:
        """The secret is the end of the address: Odoo's webhook action can sign nothing."""
        secret = self._settings.deals.secret.get_secret_value()
        return bool(secret) and hmac.compare_digest(posted.path.encode(), secret.encode())

    def told(self, content_type: str, body: bytes) -> Told:
        """Which lead: `{"_model": "crm.lead", "_id": 5}`. ValueError."""
        assert isinstance(content_type, str)  # noqa: S101
        said = msgspec.json.decode(body, type=_Said)
        return Told([("deal", str(said.id))] if said.model == "crm.lead" else [])


class _Said(msgspec.Struct):
    """What Odoo's webhook action sends of any record."""

    id: int = msgspec.field(name="_id")
    model: str = msgspec.field(name="_model")
