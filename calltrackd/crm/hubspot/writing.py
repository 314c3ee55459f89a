"""A call's way into HubSpot: client and deal, task, the call's entry, and what comes late.

    started ─► whose client it is          (a deal, when the settings say so)
    answered ► contact and deal, as the lead policy decides
    ended ───► the task of a missed call; the call's entry, associated with its deal (else the
               client's open one) and its contact or company
    updated ─► the entry is written again when recording, tags, text or result come later

HubSpot has cards only for apps of its marketplace, so none is shown. Nothing is looked for that we
made ourselves: contacts and deals are read by a property with unique values, calls are written by
one; only a task is searched for, after the index has surely seen it.
"""

from collections.abc import Sequence
from typing import Any

import structlog

from calltrackd.crm.callers import Callers
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.hubspot import bodies
from calltrackd.crm.hubspot.account import Account
from calltrackd.crm.hubspot.api import Api
from calltrackd.crm.hubspot.clients import Clients, made_of
from calltrackd.crm.hubspot.places import KINDS
from calltrackd.crm.hubspot.traces import Traces
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Decision, LeadWish, TaskWish
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Permanent
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm import HubspotTarget

FRESH_S = 60.0
"""What was found under a number is good for so long before a task or entry is made of it."""
GONE = {400, 404}
"""Statuses of an association with what was deleted meanwhile."""
Place = list[str]
"""`["contact", "7"]`."""

_log = structlog.get_logger(__name__)


class Writing:
    """Brings calls into one account. Raises TemplateFault for wrong templates."""

    def __init__(
        self,
        target: CrmTarget,
        settings: HubspotTarget,
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
        record = event.record
        if record.caller is None:
            return
        if "place" not in desk:
            await self._settle(event, desk)
        if record.ended_at is not None:
            await self._enter(record, desk)
            await self._tag(record, desk)

    def wish(self, event: Event, desk: Desk) -> TaskWish | None:
        """The task that the call was to make, decided again from what was known then."""
        return self.callers.decide(event.record, desk).task

    # -- whose call it is, and what is made of it

    async def _settle(self, event: Event, desk: Desk) -> None:
        """Make what the policy wants; at the end of the call, settle where it stands."""
        record = event.record
        decision = Decision(why="its deal is there")
        if "deal" in desk:
            await self._know(desk, deal=str(desk["deal"]))
        if "deal" not in desk or event.missed:
            decision = await self._decision(event, desk)
        if decision.lead is not None and "deal" not in desk:
            await self._make(decision.lead, decision.client, record, desk)
        if decision.task is not None:
            await self._call_back(decision.task, decision.client, record, desk)
        if record.ended_at is not None:
            client = decision.client
            links = [] if client is None else [(client.kind, client.id)]
            await desk.remember("place", _place(desk, client), links=links)

    async def _decision(self, event: Event, desk: Desk) -> Decision:
        """Decided by what is known; looked up anew, in this very attempt, before a deal is made.

        Another call of the client may have begun one: either its request is over by now and the
        look shows the deal, or the desk has us wait and look again.
        """
        record, known = event.record, desk["matches"]
        made, now = made_of(desk.client), self._tools.clock.now()
        if known is not None and made.at <= known["at"]:
            decision = self.callers.decide(record, desk)
            idle = decision.task is None and record.ended_at is None
            if decision.lead is None and (idle or now - known["at"] < FRESH_S):
                return decision
        urgent = event.step == "started"
        found = await self._clients.of_number(str(record.caller), made, urgent=urgent)
        return await self.callers.decide_by(found, record, desk, at=now)

    async def _make(
        self, wish: LeadWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """A deal of the client, who is made first where there is none."""
        owner = self.callers.owner(record, client)
        kind, one = (
            (client.kind, client.id)
            if client
            else ("contact", await self._contact(record, owner, desk))
        )
        await desk.remember("owner", [kind, one])
        body = bodies.owned(await self._deal_body(wish, record), owner)
        beside = await self._account.standing_by("deals", KINDS[kind], one)

        async def create() -> str:
            try:
                return await self._api.create("deals", body, [beside])
            except Permanent:
                if there := await self._traces.deal(record.id):
                    return there
                raise

        deal = await desk.once("deal", create, link="deal", of_client=True)
        await self._know(desk, deal=str(deal))

    async def _deal_body(self, wish: LeadWish, record: CallRecord) -> bodies.Body:
        await self._account.need("deals", self._settings.call_property)
        known = await self._account.properties("deals")
        self.callers.tell_missing(bodies.unknown_fields(wish, known))
        return bodies.deal(record, wish, self._settings, known, await self._stage())

    async def _stage(self) -> str:
        """Where deals begin. AuthFailed: the settings name no pipeline of this account."""
        if self._settings.stage is not None:
            return self._settings.stage
        pipeline = self._settings.pipeline
        stages = await self._account.stages(pipeline)
        if not stages:
            raise AuthFailed(f"deals have no pipeline {pipeline}: mend the settings' pipeline")
        return str(stages[0]["id"])

    async def _contact(self, record: CallRecord, owner: str | None, desk: Desk) -> str:
        phone = str(record.caller)
        await self._account.need("contacts", self._settings.phone_property)
        known = await self._account.properties("contacts")
        body = bodies.owned(bodies.contact(record, self._settings, known), owner)

        async def create() -> str:
            try:
                return await self._api.create("contacts", body)
            except Permanent:
                if there := await self._clients.made_for(phone):
                    return there
                raise

        made = str(await desk.once("contact", create, link="contact", of_client=True))
        await self._know(desk, contact=made)
        return made

    async def _know(
        self, desk: Desk, *, contact: str | None = None, deal: str | None = None
    ) -> None:
        """Write down what was made of the client, and when: his other calls look anew."""
        old = desk.client.get("made", {})
        new = {"contact": contact or old.get("contact"), "deal": deal or old.get("deal")}
        if new != {name: old.get(name) for name in new}:
            await desk.know("made", {**new, "at": self._tools.clock.now()})

    # -- a missed call

    async def _call_back(
        self, wish: TaskWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """A task for the responsible; where several have the number, it stands by all of them."""
        body = bodies.owned(
            bodies.task(record, wish, self._settings), self.callers.owner(record, client)
        )
        task = await desk.once("task", lambda: self._api.create("tasks", body), link="task")
        places = _place(desk, client) or [[one.kind, one.id] for one in self.callers.matches(desk)]
        await self._associate(desk, "tasks", str(task), places)

    # -- when it is over

    async def _enter(self, record: CallRecord, desk: Desk) -> None:
        """The call's entry: written by our id, so writing it twice is writing it once.

        The recording's link is signed anew each time, so it is no part of what is compared.
        """
        key = self._settings.call_property
        await self._account.need("calls", key)
        body = await self._call_body(record, desk)
        recording = bodies.recording_of(record) if self._settings.recordings else None
        links, path = self._tools.recordings, recording.path if recording else None
        link = links.link(record.id, path) if links and path else None
        sent = body if link is None else {**body, "hs_call_recording_url": link}

        async def write() -> str:
            return await self._api.upsert("calls", key, record.id, sent)

        wanted = {**body, "recording": path if link else None}
        if "call" in desk:
            await desk.keep("call shown", wanted, write)
        else:
            await desk.safe("call", write, link="call")
            await desk.remember("call shown", wanted)
        await self._associate(desk, "calls", str(desk["call"]), desk["place"])

    async def _call_body(self, record: CallRecord, desk: Desk) -> bodies.Body:
        known = await self._account.properties("calls")
        said = await desk.transcripts() if self._settings.transcripts else []
        owner = self.callers.owner(record, self.callers.decide(record, desk).client)
        body = bodies.owned(bodies.call(record, self._settings, known), owner)
        return {**body, "hs_call_body": bodies.text(record, said)}

    async def _tag(self, record: CallRecord, desk: Desk) -> None:
        """The call's own deal bears its tags as well; deals of others keep theirs."""
        names = bodies.tags(record)
        if "deal" not in desk or not (names or desk["tags"]):
            return
        if self._settings.tags_property in await self._account.properties("deals"):
            changed = {self._settings.tags_property: names}
            deal = str(desk["deal"])
            await desk.keep("tags", names, lambda: self._api.change("deals", deal, changed))

    # -- small words

    async def _associate(self, desk: Desk, kind: str, one: str, places: Sequence[Place]) -> None:
        """Have it stand by all these; what was deleted meanwhile is left out."""
        for other_kind, other in places:
            name = f"{kind} {other_kind} {other}"
            await desk.safe(name, self._association(kind, one, KINDS[other_kind], other))

    def _association(self, kind: str, one: str, other_kind: str, other: str) -> Any:
        async def associate() -> bool:
            try:
                await self._api.associate(kind, one, other_kind, other)
            except Permanent as refused:
                if refused.status not in GONE:
                    raise
                told = f"{other_kind} {other}: {refused.detail}"
                _log.warning("crm.association_refused", target=self._settings.name, what=told)
                return False
            return True

        return associate


def _place(desk: Desk, client: Match | None) -> list[Place]:
    """The call's own deal and its client, or the client with the deal in progress."""
    if "deal" in desk:
        return [list(desk["owner"]), ["deal", str(desk["deal"])]]
    if client is None:
        return []
    place = [[client.kind, client.id]]
    return place if client.open_deal is None else [*place, ["deal", client.open_deal]]
