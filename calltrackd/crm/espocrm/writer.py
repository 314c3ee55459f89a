"""What a call makes in EspoCRM: a lead or an opportunity, a task, and the call itself."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.espocrm import words
from calltrackd.crm.espocrm.api import Api, Row, since
from calltrackd.crm.espocrm.moments import moment
from calltrackd.crm.espocrm.place import Place, place_of
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Decision, LeadWish, TaskWish
from calltrackd.crm.tools import RecordingLinks
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm.espocrm import EspocrmTarget

ENTITIES = {"lead": "Lead", "deal": "Opportunity", "task": "Task", "call": "Call"}
"""Move -> what it makes."""
DAY_S = 86_400.0
"""So far the CRM's clock may be from ours."""


class Writer:
    """Makes each once. Methods raise Trouble."""

    def __init__(
        self, settings: EspocrmTarget, api: Api, users: Users, recordings: RecordingLinks | None
    ) -> None:
        self._settings, self._api, self._users = settings, api, users
        self._recordings = recordings if settings.recordings else None

    async def find(self, name: str, record: CallRecord, begun_at: float) -> str | None:
        """The id of what a move made, by the call's id in its description."""
        mark = words.marker(record)
        has = {"type": "contains", "attribute": "description", "value": mark}
        near = since("createdAt", moment(begun_at - DAY_S))
        rows = await self._api.find(ENTITIES[name], [near, has], ["description"])
        return next((row["id"] for row in rows if mark in (row.get("description") or "")), None)

    # -- leads and opportunities

    async def lead(
        self, wish: LeadWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """The lead of an unknown client, or the opportunity of a known one."""
        owner = self._owner(client, record)
        known = client if client is not None and client.kind != "lead" else None
        name, values = (
            ("lead", self._lead(wish, record))
            if known is None
            else ("deal", self._deal(wish, known, record))
        )
        values = {**values, "assignedUserId": owner, **wish.fields}
        values["description"] = _marked(wish.fields.get("description"), record)
        given = {key: value for key, value in values.items() if value is not None}
        if known is not None and known.kind == "contact":
            await desk.remember("contact", known.id)
        await desk.once(
            name, lambda: self._api.create(ENTITIES[name], given), link=name, of_client=True
        )
        if client is None or client.responsible is None:
            await desk.remember("owner", owner)

    def _lead(self, wish: LeadWish, record: CallRecord) -> Row:
        return {
            "lastName": words.name(wish.title),
            "phoneNumber": record.caller,
            "source": self._settings.lead_source or None,
        }

    def _deal(self, wish: LeadWish, client: Match, record: CallRecord) -> Row:
        """EspoCRM wants an amount and a day of close of every opportunity."""
        own = {"accountId": client.id} if client.kind == "company" else {"contactsIds": [client.id]}
        close = record.started_at + self._settings.deal_days * DAY_S
        return {
            "name": words.name(wish.title), "amount": 0, "closeDate": moment(close)[:10], **own,
        }  # fmt: skip

    def _owner(self, client: Match | None, record: CallRecord) -> str | None:
        """A known client keeps his manager, a new one gets whoever talked, or whose phone rang."""
        kept = None if client is None else client.responsible
        return kept or self._users.responsible(record)

    async def assign(self, record: CallRecord, desk: Desk) -> None:
        """A new client's lead that this call made belongs to whoever talked last."""
        user = self._users.responsible(record)
        made = made_of(desk)
        if user is not None and made is not None and "owner" in desk:
            values = {"assignedUserId": user}
            await desk.keep("owner", user, lambda: self._api.change(*made, values))

    # -- tasks

    async def place(
        self, decision: Decision, matches: Sequence[Match], record: CallRecord, desk: Desk
    ) -> Place:
        """Where the ended call stands; its task is made on the way."""
        place = place_of(decision.client)
        if made := made_of(desk):
            place = Place(*made, contact=place.contact)
        if decision.task is not None:
            await self._task(decision.task, decision.client, place, matches, desk)
        return place

    async def _task(
        self,
        wish: TaskWish,
        client: Match | None,
        place: Place,
        matches: Sequence[Match],
        desk: Desk,
    ) -> None:
        """Where nobody can say which of `matches` it was, it names them."""
        record = desk.event.record
        unsure = matches if client is None else ()
        values = {
            "name": words.name(wish.title),
            "dateEnd": moment(wish.due_at),
            "assignedUserId": self._owner(client, record) or await self._api.me(),
            "description": words.task(record, unsure),
            **place.of_task(),
        }
        await desk.once("task", lambda: self._api.create("Task", values), link="task")

    # -- the call

    async def call(self, place: Place, record: CallRecord, desk: Desk) -> None:
        """The call, and its description as more becomes known."""
        heard = await desk.transcripts() if self._settings.transcripts else []
        text = words.call(record, self._links(record), heard)
        digest = blake2b(text.encode(), digest_size=8).hexdigest()
        is_new = "call" not in desk
        values = {**await self._call(record), **place.values(), "description": text}
        call = await desk.once("call", lambda: self._api.create("Call", values), link="call")
        if is_new:
            await desk.remember("text", digest)
        body = {"description": text}
        await desk.keep("text", digest, lambda: self._api.change("Call", str(call), body))

    async def _call(self, record: CallRecord) -> Row:
        """A call has a user, and ends after it began."""
        user = self._users.responsible(record) or await self._api.me()
        ended = record.started_at if record.ended_at is None else record.ended_at
        return {
            "name": words.call_name(record),
            "status": "Not Held" if record.answered_at is None else "Held",
            "direction": "Inbound" if record.direction == "inbound" else "Outbound",
            "dateStart": moment(record.started_at),
            "dateEnd": moment(max(ended, record.started_at + 1)),
            "assignedUserId": user,
            "usersIds": [user],
        }

    def _links(self, record: CallRecord) -> list[str]:
        if self._recordings is None:
            return []
        made = (self._recordings.link(record.id, one.path) for one in record.recordings)
        return [link for link in made if link is not None]


def made_of(desk: Desk) -> tuple[str, str] | None:
    """Entity and id of the lead or opportunity that this call made."""
    for name in ("lead", "deal"):
        if name in desk:
            return ENTITIES[name], str(desk[name])
    return None


def _marked(given: Any, record: CallRecord) -> str:
    """The settings' own description, or ours; always with the marker."""
    return words.lead(record) if given is None else f"{given}\n{words.marker(record)}"
