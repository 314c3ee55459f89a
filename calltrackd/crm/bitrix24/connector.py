"""Bitrix24's ways, in the order in which they are walked for a call.

app       register ─► show / hide ─► lead, task ─► finish ─► recording ─► transcript ─► UTM, tags
webhook                              lead, task ─► entry in the timeline             ─► UTM, tags
"""

from collections.abc import AsyncIterator
from typing import Any

from calltrackd.crm.bitrix24 import inbox
from calltrackd.crm.bitrix24.checks import Checks
from calltrackd.crm.bitrix24.deals import Deals
from calltrackd.crm.bitrix24.entries import Entries
from calltrackd.crm.bitrix24.leading import Leading
from calltrackd.crm.bitrix24.people import People
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.bitrix24.sound import Sound
from calltrackd.crm.bitrix24.telephony import Telephony, is_here
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.leads.match import Match, chosen
from calltrackd.crm.leads.policy import Policy
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.users import Users
from calltrackd.model.deal import Deal, DealKind
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

CUT_S = 60.0
"""The portal cuts a request off after so long: what it did until then is all."""


class Bitrix24:
    """The connector of one portal."""

    def __init__(self, settings: Bitrix24Target, target: CrmTarget, tools: Tools) -> None:
        self.settles_s = max(CUT_S, settings.timeout_s)
        self._settings = settings
        self._portal = Portal(settings, tools)
        users = Users(settings.users, settings.fallback_user)
        self._people = People(self._portal, users, tools.clock)
        self._leading = Leading(settings, Policy(target), self._portal, self._people, tools.clock)
        self._telephony = Telephony(self._portal, self._people, tools.books)
        self._sound = Sound(settings, self._portal, tools)
        self._entries = Entries(settings, self._portal, tools)
        self._deals = Deals(self._portal, target.region)

    async def close(self) -> None:
        """Let go of connections."""
        await self._portal.close()

    async def perform(self, event: Event, desk: Desk) -> None:
        """A call without a client's number has no place here."""
        if not is_here(event.record):
            return
        client = await self._leading.client(event, desk)
        if self._settings.mode == "app":
            await self._with_card(event, desk, client)
        else:
            await self._leading.make(event, desk)
            if event.record.ended_at is not None:
                await self._enter(event, desk, client)
        await self._leading.keep(event, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """By our own marks, and by the statistics."""
        match name:
            case "finish":
                return await self._telephony.find_end(desk)
            case "transcript":
                return await self._sound.find_transcript(desk)
            case "task":
                return await self._leading.entities.find_task(event.record.id, begun_at)
            case "entry":
                return await self._entries.find(event.record.id)
            case _:
                return await self._leading.entities.find(name, event.record.id)

    # -- one call

    async def _with_card(self, event: Event, desk: Desk, client: Match | None) -> None:
        record = event.record
        call_id = await self._telephony.register(event, desk, client)
        if record.ended_at is not None:
            await self._leading.make(event, desk)
            await self._over(event, desk, client)
            return
        await self._telephony.cards(event, desk, call_id)
        await self._leading.make(event, desk)

    async def _over(self, event: Event, desk: Desk, client: Match | None) -> None:
        told = await self._telephony.finish(event, desk, client)
        entity = self._leading.entity(desk)
        if told["activity"] is None:
            await self._enter(event, desk, client)
        elif entity is not None:
            await self._telephony.bind(desk, told, entity)
        await self._sound.attach(event, desk)
        await self._sound.transcribe(desk)

    async def _enter(self, event: Event, desk: Desk, client: Match | None) -> None:
        """An entry needs somebody at whom it stands."""
        if (entity := self._leading.entity(desk)) is not None:
            responsible = client.responsible if client else None
            owner = await self._people.owner(event.record, responsible)
            await self._entries.write(event, desk, entity, owner)

    # -- what the house asks

    async def responsible(self, phone: str) -> Person | None:
        """The manager of whoever has the number, chosen as for a lead."""
        client = chosen(await self._leading.clients.search(phone, urgent=True))
        return await self._people.person(client.responsible if client else None)

    async def check(self) -> list[Finding]:
        """Credentials, rights, users, fields."""
        return await Checks(self._settings, self._portal, self._people).run()

    async def users(self) -> list[CrmUser]:
        """All users of the portal."""
        return await self._people.all()

    # -- coming back

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Deals and leads that changed, the oldest change first."""
        return self._deals.changed(since)

    async def read_deal(self, deal_id: str, kind: DealKind = "deal") -> Deal | None:
        """A deal or lead as it is now."""
        return await self._deals.read(deal_id, kind)

    def verify(self, posted: Posted) -> bool:
        """By the application's token, `[target.deals] secret`."""
        return inbox.is_genuine(posted, self._settings.deals.secret.get_secret_value())

    def told(self, _content_type: str, body: bytes) -> Told:
        """Which deal or lead changed. ValueError: it can't be read."""
        return inbox.told(body)


def build(target: CrmTarget, tools: Tools) -> Bitrix24:
    """The connector of a target. Raises OSError for a CA file, TemplateFault for a template."""
    return Bitrix24(target.settings_as(Bitrix24Target), target, tools)
