"""A call's way into amoCRM: card, contact and lead, task, the call's note, and what comes late.

    started ─► card by number, whose client it is        (a lead, when the settings say so)
    answered ► contact and lead, or an incoming lead      as the lead policy decides
    ended ───► the task of a missed call; the call's note at its lead, else at the client's open
               lead, else at the contact or company; then tags and transcripts there
    updated ─► the note is changed in place when recording, tags or result come later

Of a caller whom the CRM does not know and of whom nothing is to be made, there is no entity that
could hold the call. Where several have the number and nobody can say which, the CRM itself finds
the place (`/api/v4/calls`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from calltrackd.crm.amocrm import bodies, entities, notes
from calltrackd.crm.amocrm.account import Account
from calltrackd.crm.amocrm.api import Api, Entity
from calltrackd.crm.amocrm.clients import MOST_DEALS, Clients, Incoming, made_of
from calltrackd.crm.amocrm.traces import Place, Traces, incoming_of
from calltrackd.crm.callers import Callers
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Decision, LeadWish, TaskWish
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import Failing, Permanent, Unknown
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm import AmocrmTarget

FRESH_S = 60.0
"""What was found under a number is good for so long for notes and tasks, and never for a lead."""
ANYBODY = ["anybody"]
"""The place that the CRM finds itself."""
LOST = ["lost"]
"""The place is gone: it was merged or deleted."""

_log = structlog.get_logger(__name__)


class Writing:
    """Brings calls into one account. Raises TemplateFault for wrong templates."""

    def __init__(
        self,
        target: CrmTarget,
        settings: AmocrmTarget,
        tools: Tools,
        *,
        api: Api,
        account: Account,
        clients: Clients,
        traces: Traces,
    ) -> None:
        self._settings, self._tools, self._api, self._account = settings, tools, api, account
        self._clients, self._traces = clients, traces
        self.callers = Callers(target, account.name_of)

    async def perform(self, event: Event, desk: Desk) -> None:
        """All that this step of the call owes, and what earlier ones left undone."""
        if event.record.caller is None:
            return
        await self._card(event.record, desk)
        if desk["place"] in (None, LOST):
            await self._settle(event, desk)
        if event.record.ended_at is not None and desk["place"]:
            await self._log_call(event.record, desk)
            await self._say(event.record, desk)
            await self._tag(event.record, desk)

    def wish(self, event: Event, desk: Desk) -> TaskWish | None:
        """The task that the call was to make, decided again from what was known then."""
        return self.callers.decide(event.record, desk).task

    def place(self, event: Event, desk: Desk) -> Place | None:
        """Where the call's things stand or would stand."""
        at = desk["place"]
        if at and at not in (ANYBODY, LOST):
            return at[0], at[1]
        return self._place(desk, self.callers.decide(event.record, desk).client)

    # -- while it rings

    async def _card(self, record: CallRecord, desk: Desk) -> None:
        """The CRM finds client and lead by the number itself, so nothing comes before this."""
        if record.direction != "inbound":
            return
        shown: list[str] = desk["shown"] or []
        fresh = [user for user in self.callers.users.ringing(record) if user not in shown]
        if not fresh:
            return
        one = {"type": "phone_call", "phone_number": str(record.caller).lstrip("+")}
        body = {"add": [{**one, "users": [int(user) for user in fresh]}]}

        async def show() -> None:
            await self._api.post("/api/v2/events", body, urgent=True)

        if await desk.card(f"card {' '.join(fresh)}", show):
            await desk.remember("shown", shown + fresh)

    # -- whose call it is, and what is made of it

    async def _settle(self, event: Event, desk: Desk) -> None:
        """Make what the policy wants; at the end of the call, settle where it stands."""
        record = event.record
        if "incoming" in desk and "deal" not in desk:
            await self._take_incoming(desk)
        decision = Decision(why="its lead is there")
        if "deal" not in desk or event.missed or desk["place"] == LOST:
            decision = await self._decision(record, desk)
        if decision.lead is not None and "deal" not in desk:
            await self._make(decision.lead, decision.client, record, desk)
        place = self._place(desk, decision.client)
        if decision.task is not None:
            user = self.callers.owner(record, decision.client)
            body = bodies.task(decision.task, place, user)
            await desk.once("task", lambda: self._created("/api/v4/tasks", body), link="task")
        if record.ended_at is not None:
            several = decision.client is None and len(self.callers.matches(desk)) > 1
            at = list(place) if place else ANYBODY if several else []
            await desk.remember("place", at, links=_client_links(decision.client))

    async def _decision(self, record: CallRecord, desk: Desk) -> Decision:
        """Decided by what is known; looked up anew before anything is made of old knowledge."""
        known, made = desk["matches"], made_of(desk.client)
        now = self._tools.clock.now()
        if known is not None and desk["place"] != LOST and made.version == known["made"]:
            decision = self.callers.decide(record, desk)
            idle = decision.lead is None and decision.task is None and record.ended_at is None
            if idle or (decision.lead is None and 0 <= now - known["at"] < FRESH_S):
                return decision
        found = await self._clients.of_number(str(record.caller), made)
        return await self.callers.decide_by(found, record, desk, at=now, made=made.version)

    def _place(self, desk: Desk, client: Match | None) -> Place | None:
        """The call's own lead, the client's open one, or the client."""
        if "deal" in desk and desk["place"] != LOST:
            return "leads", str(desk["deal"])
        if client is None:
            return None
        if client.open_deal is not None:
            return "leads", client.open_deal
        return entities.KINDS[client.kind], client.id

    async def _make(
        self, wish: LeadWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        user = self.callers.owner(record, client)
        body = await self._lead_body(wish, record, user)
        if client is None and self._settings.incoming_leads and record.direction == "inbound":
            await self._make_incoming(bodies.incoming(record, body, self._settings), desk)
            return
        owner = bodies.owner_of(client) if client else await self._contact(record, user, desk)
        linked = bodies.linked(body, owner) if owner else body

        async def add() -> str:
            made = await self._created("/api/v4/leads", linked)
            await self._know(desk, deal=made)
            return made

        await desk.once("deal", add, link="deal", of_client=True)

    async def _lead_body(self, wish: LeadWish, record: CallRecord, user: str | None) -> Entity:
        known: frozenset[str] = frozenset()
        if bodies.needs_fields(record, wish, self._settings):
            known = await self._account.lead_fields()
            self.callers.tell_missing(bodies.unknown_fields(wish, known))
        return bodies.lead(record, wish, self._settings, known, user)

    async def _contact(self, record: CallRecord, user: str | None, desk: Desk) -> Place:
        body = bodies.contact(record, user)

        async def add() -> str:
            made = await self._created("/api/v4/contacts", body)
            await self._know(desk, contact=made)
            return made

        contact = str(await desk.once("contact", add, link="contact", of_client=True))
        await self._know(desk, contact=contact)
        return "contacts", contact

    async def _make_incoming(self, body: Entity, desk: Desk) -> None:
        async def add() -> dict[str, Any]:
            made = await self._incoming(body, desk)
            await self._know_incoming(made, desk)
            return made

        await desk.once("incoming", add, of_client=True)
        await self._take_incoming(desk)

    async def _take_incoming(self, desk: Desk) -> None:
        """Its lead and contact are the call's own: known by now also where we died before this."""
        made = desk["incoming"]
        await self._know_incoming(made, desk)
        deal, contact = made["deal"], made["contact"]
        links = [("deal", deal), *([("contact", contact)] if contact else [])]
        await desk.remember("deal", deal, links=links)

    async def _know_incoming(self, made: dict[str, Any], desk: Desk) -> None:
        """One that was accepted meanwhile has no uid, and a contact as others have."""
        if made["uid"]:
            await self._know(desk, deal=made["deal"], incoming=msgspec.convert(made, Incoming))
        else:
            await self._know(desk, deal=made["deal"], contact=made["contact"])

    async def _incoming(self, body: Entity, desk: Desk) -> dict[str, Any]:
        """A repeat is refused, so what is refused may be there."""
        try:
            made = await self._api.create("/api/v4/leads/unsorted/sip", "unsorted", body)
            return incoming_of(made)
        except LookupError as error:
            raise Unknown("an incoming lead without its lead") from error
        except Permanent:
            there = await self._traces.incoming(desk.event, desk.event.record.started_at)
            if there is None:
                raise
            return there

    async def _know(
        self,
        desk: Desk,
        *,
        contact: str | None = None,
        deal: str | None = None,
        incoming: Incoming | None = None,
    ) -> None:
        """Write down what was made of the client, for his next calls.

        Before the move that made it is over: a process that dies after it leaves no call that
        would not know.
        """
        old = made_of(desk.client)
        made = [(deal, desk.event.record.id)] if deal and deal not in old.deals else []
        new = replace(
            old,
            contact=contact or old.contact,
            deals=dict([*old.deals.items(), *made][-MOST_DEALS:]),
            incoming=incoming or old.incoming,
        )
        if new != old:
            known = replace(new, version=old.version + 1)
            await desk.know("made", msgspec.to_builtins(known))

    # -- when it is over

    async def _log_call(self, record: CallRecord, desk: Desk) -> None:
        params = notes.call_params(record, self._settings, self.callers.users)
        user = self.callers.owner(record, None)
        if desk["place"] == ANYBODY:
            body = notes.call_entry(record, self._with_link(params, record), user)
            told = await desk.once("call", lambda: self._entered(body))
            links = [("call", told["id"])]
            await desk.remember("place", told["at"], links=links)
        elif "call" not in desk:
            await self._note(record, params, user, desk)

    async def _entered(self, body: Entity) -> dict[str, Any]:
        made = await self._api.create("/api/v4/calls", "calls", body)
        kind = str(made["entity_type"])
        at = [entities.KINDS.get(kind, kind), str(made["entity_id"])]
        return {"id": str(made["id"]), "at": at}

    async def _note(self, record: CallRecord, params: Entity, user: str | None, desk: Desk) -> None:
        """The call's note, written once and changed in place.

        The link is signed anew each time, so it is no part of what is compared.
        """
        folder, entity = desk["place"]
        recording = notes.recording_of(record) if self._shows_recordings() else None
        wanted = {**params, "recording": recording and recording.path}
        if "note" not in desk:
            body = notes.call_note(record, self._with_link(params, record), user)
            path = f"/api/v4/{folder}/{entity}/notes"
            await desk.once("note", lambda: self._noted(path, body, desk), link="note")
            await desk.remember("note shown", wanted)
            return

        async def change() -> None:
            body = {
                "note_type": notes.call_type(record),
                "params": self._with_link(params, record),
            }
            await self._api.patch(f"/api/v4/{folder}/notes/{desk['note']}", body)

        await desk.keep("note shown", wanted, change)

    async def _noted(self, path: str, body: Entity, desk: Desk) -> str:
        try:
            return await self._created(path, body)
        except Permanent as refused:
            if refused.status == 404 and desk["place"] != LOST:
                await desk.remember("place", LOST)
                raise Failing(
                    "the entity is gone, its call is placed anew", status=404
                ) from refused
            raise

    async def _say(self, record: CallRecord, desk: Desk) -> None:
        """Transcripts, as notes beside the call's."""
        if not self._settings.transcripts:
            return
        folder, entity = desk["place"]
        path = f"/api/v4/{folder}/{entity}/notes"
        for stored in await desk.transcripts():
            for name, text in notes.said(record.id, stored):
                body = {"note_type": "common", "params": {"text": text}}
                await desk.once(name, partial(self._created, path, body))

    async def _tag(self, record: CallRecord, desk: Desk) -> None:
        names = sorted({tag.name for tag in record.tags})
        if not self._settings.tags or not (names or desk["tags"]):
            return
        gone = set(desk["tags"] or []) - set(names)
        await desk.keep("tags", names, lambda: self._retag(desk["place"], names, gone))

    async def _retag(self, place: list[str], names: list[str], gone: set[str]) -> None:
        """The API replaces the whole set: others' tags are read first, and stay."""
        path = f"/api/v4/{place[0]}"
        entity: Mapping[str, Any] = await self._api.get(f"{path}/{place[1]}") or {}
        there = (entity.get("_embedded") or {}).get("tags") or []
        kept = [{"id": tag["id"]} for tag in there if tag.get("name") not in gone]
        new = set(names) - {tag.get("name") for tag in there}
        tags = [*kept, *({"name": name} for name in sorted(new))]
        await self._api.patch(path, [{"id": int(place[1]), "_embedded": {"tags": tags}}])

    # -- small words

    async def _created(self, path: str, body: Entity) -> str:
        made = await self._api.create(path, path.rpartition("/")[2], body)
        return str(made["id"])

    def _shows_recordings(self) -> bool:
        return self._settings.recordings and self._tools.recordings is not None

    def _with_link(self, params: Entity, record: CallRecord) -> Entity:
        recording = notes.recording_of(record)
        if self._tools.recordings is None or recording is None or not self._settings.recordings:
            return params
        link = self._tools.recordings.link(record.id, recording.path)
        return params if link is None else {**params, "link": link}


def _client_links(client: Match | None) -> list[tuple[str, str]]:
    return [] if client is None or client.kind == "lead" else [(client.kind, client.id)]
