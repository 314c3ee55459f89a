"""EspoCRM: a call becomes a lead or an opportunity, and a call in the client's history.

rings      look the client up ──► card ──► a lead, if the policy wants one so early
answered   a lead (of a known client: an opportunity), if the policy wants one
ends       the same or a task, then the call
later      the call's description, as tags, recordings and transcripts come
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec

from calltrackd.crm.desk import Desk
from calltrackd.crm.espocrm import inbox, words
from calltrackd.crm.espocrm.api import MOST, Api, among
from calltrackd.crm.espocrm.checks import Checks
from calltrackd.crm.espocrm.clients import Clients
from calltrackd.crm.espocrm.deals import Deals, page_of
from calltrackd.crm.espocrm.place import Place, place_of
from calltrackd.crm.espocrm.stages import Stages
from calltrackd.crm.espocrm.writer import Writer, made_of
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Policy
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord
from calltrackd.model.deal import Deal
from calltrackd.settings.crm.espocrm import EspocrmTarget


def build(target: CrmTarget, tools: Tools) -> "Espocrm":
    """The connector of one target."""
    return Espocrm(target, target.settings_as(EspocrmTarget), tools)


class Espocrm:
    """One EspoCRM."""

    def __init__(self, target: CrmTarget, settings: EspocrmTarget, tools: Tools) -> None:
        self._settings = settings
        self._links = tools.links
        self.settles_s = settings.limit_time_s
        self._policy = Policy(target)
        self._users = Users(settings.users, settings.fallback_user)
        self._api = Api(settings, tools.clock)
        self._stages = Stages(self._api)
        self._clients = Clients(self._api, self._users, self._stages)
        self._writer = Writer(settings, self._api, self._users, tools.recordings)
        self._deals = Deals(self._api, self._stages, settings.url, target.region)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    # -- calls

    async def perform(self, event: Event, desk: Desk) -> None:
        """Card, lead, task, and the call in the client's history."""
        record = event.record
        if record.caller is None:
            return
        if "place" not in desk:
            await self._settle(record.caller, event, desk)
        if "place" in desk:
            await self._writer.call(Place(**desk["place"]), record, desk)
            await self._writer.assign(record, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What became of a move: all that it makes bears the call's id."""
        assert desk is not None  # noqa: S101 - what EspoCRM has is asked of EspoCRM
        return await self._writer.find(name, event.record, begun_at)

    async def _settle(self, phone: str, event: Event, desk: Desk) -> None:
        """Whose call it is, and what is made of it: nothing more of one that made its lead."""
        record, made = event.record, made_of(desk)
        if made is not None and not event.missed and not self._rings(record):
            if record.ended_at is not None:
                await self._put(Place(*made, contact=desk["contact"]), desk)
            return
        rings = record.answered_at is None and record.ended_at is None
        matches = await self._clients.matches(phone, urgent=rings)
        decision = self._policy.decide(record, matches)
        desk.responsible(self._clients.person(decision.client))
        if self._rings(record):
            await self._show_cards(record, decision.client, desk)
        if decision.lead is not None and made is None:
            await self._writer.lead(decision.lead, decision.client, record, desk)
        if record.ended_at is not None:
            place = await self._writer.place(decision, matches, record, desk)
            await self._put(place, desk)

    async def _put(self, place: Place, desk: Desk) -> None:
        await desk.remember("place", msgspec.structs.asdict(place), links=place.links)

    def _rings(self, record: CallRecord) -> bool:
        """At somebody who is to see a card."""
        return self._settings.cards and bool(self._users.ringing(record))

    async def _show_cards(self, record: CallRecord, client: Match | None, desk: Desk) -> None:
        text = words.card(record, client, self._page(client))
        for user in self._users.ringing(record):
            note = {"type": "Post", "targetType": "users", "usersIds": [user], "post": text}
            show = partial(self._api.create, "Note", note, urgent=True)
            await desk.card(f"card {user}", show)

    def _page(self, client: Match | None) -> str | None:
        place = place_of(client)
        if place.entity is not None:
            return page_of(self._settings.url, place.entity, str(place.record))
        contact = place.contact
        return None if contact is None else page_of(self._settings.url, "Contact", contact)

    # -- people

    async def responsible(self, phone: str) -> Person | None:
        """Whose client the number is."""
        return await self._clients.responsible(phone)

    async def users(self) -> list[CrmUser]:
        """All who work in this EspoCRM; it knows no extensions."""
        found: list[CrmUser] = []
        where = [among("type", ["regular", "admin"])]
        select = ["name", "userName", "emailAddress", "isActive"]
        while True:
            rows = await self._api.find("User", where, select, order="id", offset=len(found))
            found += [
                CrmUser(
                    id=row["id"],
                    name=row.get("name") or row["userName"],
                    email=row.get("emailAddress"),
                    active=row.get("isActive", True),
                )
                for row in rows
            ]
            if len(rows) < MOST:
                return found

    async def check(self) -> list[Finding]:
        """Credentials, rights, fields, stages; users are looked at by who asks."""
        return await Checks(self._settings, self._api, self._stages, links=self._links).all()

    # -- deals

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Opportunities."""
        return self._deals.changed(since)

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """One of them; a lead of EspoCRM is no deal yet."""
        return await self._deals.read(deal_id) if kind == "deal" else None

    def verify(self, posted: Posted) -> bool:
        """Signed with one of the webhooks' keys."""
        return inbox.is_signed(posted, self._settings.deals.secret.get_secret_value())

    def told(self, content_type: str, body: bytes) -> Told:
        """Which opportunities. ValueError."""
        assert isinstance(content_type, str)  # noqa: S101 - EspoCRM sends JSON and nothing else
        return inbox.told(body)
