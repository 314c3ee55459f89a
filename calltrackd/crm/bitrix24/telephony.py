"""A call in the portal's telephony, which only an application may touch.

    register ─► show / hide ─► finish ─► recording ─► transcript

`register` gives the same CALL_ID for the same call within half an hour, and leaves nothing behind
when it is never finished, so it may be repeated. `finish` may not: its second time is an error, and
the statistics tell whether there was a first one.
"""

from typing import Any

import structlog

from calltrackd.crm.bitrix24 import statistics, words
from calltrackd.crm.bitrix24.answers import Absent, mapping
from calltrackd.crm.bitrix24.leading import Entity
from calltrackd.crm.bitrix24.matches import TYPES
from calltrackd.crm.bitrix24.people import People
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.books import Books
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.leads.match import Match
from calltrackd.crm.trouble import Permanent
from calltrackd.model.call import CallRecord

LINES = "lines"
"""Note: numbers that the portal knows as our external lines."""

_log = structlog.get_logger(__name__)


class Telephony:
    """Raises Trouble."""

    def __init__(self, portal: Portal, people: People, books: Books) -> None:
        self._portal, self._people, self._books = portal, people, books
        self._lines: set[str] = set()

    async def register(self, event: Event, desk: Desk, client: Match | None) -> str:
        """The CALL_ID of this call."""
        if "call" not in desk:
            await self._line(event.record.did, urgent=event.urgent)
        return str(await desk.safe("call", lambda: self._registered(event, client), link="call"))

    async def cards(self, event: Event, desk: Desk, call_id: str) -> None:
        """The card at all whose phones ring, and at those who took the call; at nobody else."""
        rung = await self._people.ringing(event.record)
        shown: list[str] = desk["shown"] or []
        fresh = [user for user in rung if user not in shown]
        if fresh and await self._show(event, desk, call_id, fresh):
            shown = [*shown, *fresh]
            await desk.remember("shown", shown)
        took = [await self._people.user(one) for one in event.record.operators]
        kept = [user for user in shown if user in rung or user in took]
        gone = [int(user) for user in shown if user not in kept]
        if gone:
            params = {"CALL_ID": call_id, "USER_ID": gone}
            await desk.keep("shown", kept, lambda: self._portal.call(_CALL + "hide", params))

    async def finish(self, event: Event, desk: Desk, client: Match | None) -> dict[str, str | None]:
        """The call is over: statistics and activity. What became of it, as `finished` has it."""
        if "finish" not in desk:
            try:
                await self._finish_once(event, desk, client)
            except Absent:
                await self._finish_anew(event, desk, client)
        told: dict[str, str | None] = desk["finish"]
        if "finished" not in desk:
            links = [("activity", told["activity"]), (told["kind"], told["id"])]
            known = [(kind, one) for kind, one in links if kind and one]
            await desk.remember("finished", True, links=known)
        return told

    async def bind(self, desk: Desk, told: dict[str, str | None], entity: Entity) -> None:
        """Have the call's activity at `entity` too, when the portal put it elsewhere."""
        if told["activity"] is None or (told["kind"], told["id"]) == entity:
            return
        params = {
            "activityId": int(told["activity"]),
            "entityTypeId": TYPES[entity[0]],
            "entityId": int(entity[1]),
        }
        await desk.safe("bind", lambda: self._unless(_BOUND, "crm.activity.binding.add", params))

    async def find_end(self, desk: Desk) -> dict[str, str | None] | None:
        """What the statistics know of an end whose answer was lost."""
        row = await statistics.entry(self._portal, CALL_ID=str(desk["call"]))
        return None if row is None else statistics.finished(row)

    # -- steps

    async def _registered(self, event: Event, client: Match | None) -> str:
        record = event.record
        owner = await self._people.owner(record, client.responsible if client else None)
        about = None if client is None else (str(client.kind), client.id)
        result = await self._portal.call(
            _CALL + "register",
            words.registration(record, owner, about),
            urgent=event.urgent,
        )
        return str(mapping(result)["CALL_ID"])

    async def _show(self, event: Event, desk: Desk, call_id: str, users: list[str]) -> bool:
        """False: it is too late. A phone that rings a second time gets its card again."""
        params = {"CALL_ID": call_id, "USER_ID": [int(user) for user in users]}

        async def show() -> None:
            if await self._portal.call(_CALL + "show", params, urgent=True) is False:
                _log.warning("bitrix24.card_refused", why="the portal does not know the call")

        return await desk.card(f"show {event.record.version}", show, repeatable=True)

    async def _finish_once(self, event: Event, desk: Desk, client: Match | None) -> None:
        owner = await self._people.owner(event.record, client.responsible if client else None)
        params = words.ending(event.record, str(desk["call"]), owner)

        async def finish() -> dict[str, str | None]:
            result = mapping(await self._portal.call(_CALL + "finish", params))
            return statistics.finished(result)

        await desk.once("finish", finish)

    async def _finish_anew(self, event: Event, desk: Desk, client: Match | None) -> None:
        """The portal does not know the call: it was finished, or was registered too long ago."""
        row = await statistics.entry(self._portal, EXTERNAL_CALL_ID=event.record.id)
        if row is not None:
            await desk.remember("finish", statistics.finished(row))
            return
        call_id = await self._registered(event, client)
        await desk.remember("call", call_id, links=[("call", call_id)])
        await self._finish_once(event, desk, client)

    async def _line(self, did: str | None, *, urgent: bool) -> None:
        """Have the number known as one of our lines, without leads of the portal's own."""
        if did is None or did in self._lines:
            return
        known = await self._books.note(LINES) or []
        if did not in known:
            params = {"NUMBER": did, "NAME": did, "CRM_AUTO_CREATE": "N"}
            await self._unless(_EXISTS, "telephony.externalLine.add", params, urgent=urgent)
            await self._books.put_note(LINES, [*known, did])
        self._lines.add(did)

    async def _unless(
        self, words_of_success: str, method: str, params: dict[str, Any], *, urgent: bool = False
    ) -> None:
        """A method whose second time is an error in these words."""
        try:
            await self._portal.call(method, params, urgent=urgent)
        except Permanent as error:
            if words_of_success not in error.detail.lower():
                raise


def is_here(record: CallRecord) -> bool:
    """Whether the portal's telephony has a place for the call: it needs a client's number."""
    return record.caller is not None and record.direction != "internal"


_CALL = "telephony.externalCall."
_EXISTS = "already exists"
_BOUND = "already"
