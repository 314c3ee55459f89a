"""Who calls, and what the lead policy makes of it."""

from typing import Any

import msgspec
from msgspec.structs import replace

from calltrackd.crm.bitrix24 import words
from calltrackd.crm.bitrix24.clients import Clients
from calltrackd.crm.bitrix24.entities import Entities
from calltrackd.crm.bitrix24.people import People
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.clock import Clock
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.leads.match import Match, chosen, strangers
from calltrackd.crm.leads.policy import Decision, LeadWish, Policy, TaskWish
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

MATCHES = "matches"
MADE = "made"
"""What a call of this client made last: the portal's search may not show it yet."""
UNSEEN_S = 600.0

Entity = tuple[str, str]
"""Kind and id."""


class Leading:
    """Raises Trouble and TemplateFault."""

    def __init__(
        self,
        settings: Bitrix24Target,
        policy: Policy,
        portal: Portal,
        people: People,
        clock: Clock,
    ) -> None:
        self._settings, self._policy, self._clock = settings, policy, clock
        self._people = people
        self.clients, self.entities = Clients(portal), Entities(portal, settings)
        self._kind = settings.lead_as

    async def client(self, event: Event, desk: Desk) -> Match | None:
        """Whose call it is, as far as anybody can say; looked up once a call."""
        if MATCHES not in desk:
            await self._look(event, desk)
        return chosen(_matches(desk))

    async def make(self, event: Event, desk: Desk) -> None:
        """Lead and task, as the rules say by now."""
        fresh = MATCHES not in desk
        await self.client(event, desk)
        decision = self._decide(event, desk)
        if self._is_owed(decision, desk) and not fresh:
            await self._look(event, desk)
            decision = self._decide(event, desk)
        if decision.lead is not None and self._is_owed(decision, desk):
            await self._make_lead(event, desk, decision.lead, decision.client)
        await self._know(desk, decision.client)
        if decision.task is not None:
            await self._make_task(event, desk, decision.task)

    async def keep(self, event: Event, desk: Desk) -> None:
        """UTM of what this call made, and tags of what it belongs to, as they are by now."""
        made, source = desk[self._kind], event.record.source
        if made is not None and (utm := words.utm(source)):
            await desk.keep("utm", utm, lambda: self.entities.update(self._kind, made, utm))
        entity = self.entity(desk)
        if self._settings.tags_field is None or entity is None or entity[0] != self._kind:
            return
        wanted, shown = words.tags(event.record), desk["tags"] or []
        if wanted or shown:
            gone = set(shown) - set(wanted)
            await desk.keep("tags", wanted, lambda: self.entities.retag(*entity, gone, wanted))

    def entity(self, desk: Desk) -> Entity | None:
        """What the call belongs to: what it made, else whose it is."""
        for kind in (self._kind, "contact"):
            if (made := desk[kind]) is not None:
                return kind, str(made)
        client = chosen(_matches(desk))
        return None if client is None else (client.kind, client.id)

    # -- who calls

    async def _look(self, event: Event, desk: Desk) -> None:
        phone = event.record.caller or ""
        found = await self.clients.search(phone, urgent=event.urgent)
        matches = with_made(found, desk.client.get(MADE), self._clock.now())
        client = chosen(matches)
        links = [] if client is None else [(str(client.kind), client.id)]
        await desk.remember(MATCHES, msgspec.to_builtins(matches), links=links)
        desk.responsible(await self._people.person(client.responsible if client else None))

    # -- what is made

    def _decide(self, event: Event, desk: Desk) -> Decision:
        return self._policy.decide(event.record, _matches(desk))

    def _is_owed(self, decision: Decision, desk: Desk) -> bool:
        """A lead is wished, was not made, and a contact is made of unknown callers only."""
        known = self._kind == "contact" and decision.client is not None
        return decision.lead is not None and self._kind not in desk and not known

    async def _make_lead(
        self, event: Event, desk: Desk, wish: LeadWish, client: Match | None
    ) -> None:
        record, kind = event.record, self._kind
        user = await self._people.owner(record, client.responsible if client else None)
        fields = self.entities.fields(kind, record, wish, user, client)
        if kind == "deal" and (client is None or client.kind == "lead"):
            bare = self.entities.fields("contact", record, LeadWish(wish.title), user, None)
            contact = await self._once(desk, "contact", bare)
            fields = {"contactIds": [int(contact)], **fields}
        await self._once(desk, kind, fields)
        await desk.remember("utm", words.utm(record.source))
        await desk.remember("tags", words.tags(record))

    async def _know(self, desk: Desk, client: Match | None) -> None:
        """Tell the client's next calls what this one made, also what was found again only later."""
        made = desk[self._kind]
        if made is not None and str(made) not in (desk.client.get(MADE) or {}).values():
            holder = self._holder(desk, client, str(made))
            await desk.know(MADE, {**holder, "at": self._clock.now()})

    def _holder(self, desk: Desk, client: Match | None, made: str) -> dict[str, Any]:
        """Whom the next call of the number will be found to be, and what he has open."""
        if self._kind == "contact":
            return {"kind": "contact", "id": made, "open": None}
        if client is not None and client.kind != "lead":
            return {"kind": client.kind, "id": client.id, "open": made}
        if self._kind == "deal":
            return {"kind": "contact", "id": desk["contact"], "open": made}
        return {"kind": "lead", "id": made, "open": made}

    async def _once(self, desk: Desk, kind: str, fields: dict[str, Any]) -> str:
        return str(
            await desk.once(
                kind, lambda: self.entities.add(kind, fields), link=kind, of_client=True
            )
        )

    async def _make_task(self, event: Event, desk: Desk, wish: TaskWish) -> None:
        client = chosen(_matches(desk))
        responsible = client.responsible if client else None
        owner = responsible or await self._people.owner(event.record, None)
        about = self.entity(desk)
        await desk.once(
            "task",
            lambda: self.entities.add_task(wish, event.record, owner, about),
            link="task",
        )


def with_made(found: list[Match], made: dict[str, Any] | None, now: float) -> list[Match]:
    """What was found, and what a call made so lately that the search may not show it."""
    if made is None or now - made["at"] > UNSEEN_S:
        return found
    mine = [one for one in found if (one.kind, one.id) == (made["kind"], made["id"])]
    if not mine:
        new = Match(kind=made["kind"], id=made["id"], open_deal=made["open"], created_at=made["at"])
        return [*found, new]
    opened = replace(mine[0], open_deal=mine[0].open_deal or made["open"])
    return [opened if one is mine[0] else one for one in found]


def _matches(desk: Desk) -> list[Match]:
    """All that has the number, but for whom this call is still making a client."""
    found = msgspec.convert(desk[MATCHES] or [], list[Match])
    return strangers(found, None if "deal" in desk else desk["contact"])
