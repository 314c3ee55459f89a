"""What a request left in the CRM whose answer was lost: the query that is asked before a repeat.

Notes bear the call's id (`uniq`, or the first line of a transcript's note), incoming leads in their
metadata. Contacts and leads bear nothing, so what came into being since then is looked through, by
lists rather than by the search, which lags.
"""

from collections.abc import AsyncIterator
from typing import Any

from calltrackd.crm.amocrm import entities, notes
from calltrackd.crm.amocrm.api import LONGEST, Api, Entity
from calltrackd.crm.amocrm.clients import Clients, made_of
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.leads.policy import TaskWish
from calltrackd.settings.crm import AmocrmTarget

SKEW_S = 60.0
"""The CRM's clock and ours may differ so much."""
Place = tuple[str, str]
"""`("leads", "7")`: the folder of an entity in the API's paths, and its id."""


class Traces:
    """Asks what became of a move. Every method raises Trouble."""

    def __init__(self, settings: AmocrmTarget, api: Api, clients: Clients) -> None:
        self._settings, self._api, self._clients = settings, api, clients

    async def contact(self, event: Event, begun_at: float) -> str | None:
        """The id of a contact with the number, new since then."""
        return await self._clients.since(str(event.record.caller), begun_at - SKEW_S)

    async def deal(self, event: Event, desk: Desk, begun_at: float) -> str | None:
        """The id of a lead of the client, new since then and of no other call."""
        owners = {
            str(desk["contact"]),
            *(one["id"] for one in (desk["matches"] or {}).get("of", [])),
        }
        calls = made_of(desk.client).deals
        async for lead in self._new_leads(begun_at):
            call = calls.get(str(lead["id"]), event.record.id)
            if call != event.record.id or self._is_of_another(lead, event.record.id):
                continue
            linked = {*entities.inside(lead, "contacts"), *entities.inside(lead, "companies")}
            if linked & owners:
                return str(lead["id"])
        return None

    async def incoming(self, event: Event, begun_at: float) -> dict[str, Any] | None:
        """The incoming lead of the call, also one that somebody accepted meanwhile."""
        given = {"filter[category][0]": "sip", "order[created_at]": "desc"}
        path = "/api/v4/leads/unsorted"
        async for page in self._api.pages(path, "unsorted", given, limit=LONGEST):
            for one in page:
                if (one.get("metadata") or {}).get("uniq") == event.record.id:
                    return incoming_of(one)
        contact = await self.contact(event, begun_at)
        if contact is None:
            return None
        async for lead in self._new_leads(begun_at):
            if contact in entities.inside(lead, "contacts"):
                return {"uid": "", "deal": str(lead["id"]), "contact": contact}
        return None

    async def call_note(self, event: Event, place: Place | None, begun_at: float) -> str | None:
        """The id of the call's note."""
        kind = notes.call_type(event.record)
        async for note in self._new_notes(place, kind, begun_at):
            if (note.get("params") or {}).get("uniq") == event.record.id:
                return str(note["id"])
        return None

    async def call(self, event: Event, desk: Desk, begun_at: float) -> dict[str, Any] | None:
        """The call that the CRM put at one of those who have the number, and where."""
        for match in (desk["matches"] or {}).get("of", []):
            places = [(entities.KINDS[match["kind"]], match["id"])]
            places += [("leads", match["open_deal"])] if match.get("open_deal") else []
            for place in places:
                if note := await self.call_note(event, place, begun_at):
                    return {"id": note, "at": list(place)}
        return None

    async def said(
        self, event: Event, name: str, place: Place | None, begun_at: float
    ) -> str | None:
        """The id of a transcript's note."""
        first = notes.heading(event.record.id, name)
        async for note in self._new_notes(place, "common", begun_at):
            if str((note.get("params") or {}).get("text", "")).partition("\n")[0] == first:
                return str(note["id"])
        return None

    async def task(self, wish: TaskWish | None, place: Place | None, begun_at: float) -> str | None:
        """The id of a task with the same words, time and entity."""
        if wish is None:
            return None
        given = {"filter[updated_at][from]": str(int(begun_at - SKEW_S))}
        wanted = wish.title, int(wish.due_at), place and place[1]
        async for page in self._api.pages("/api/v4/tasks", "tasks", given, limit=LONGEST):
            for one in page:
                entity = str(one["entity_id"]) if one.get("entity_id") else None
                if (one.get("text"), one.get("complete_till"), entity) == wanted:
                    return str(one["id"])
        return None

    def _is_of_another(self, lead: Entity, call_id: str) -> bool:
        """The lead says itself of which call it is."""
        field = self._settings.call_field_id
        told = entities.values(lead, field) if field is not None else []
        return bool(told) and told != [call_id]

    async def _new_leads(self, begun_at: float) -> AsyncIterator[Entity]:
        given = {
            "filter[created_at][from]": str(int(begun_at - SKEW_S)),
            "order[created_at]": "desc",
            "with": "contacts",
        }
        async for page in self._api.pages("/api/v4/leads", "leads", given, limit=LONGEST):
            for lead in page:
                yield lead

    async def _new_notes(
        self, place: Place | None, kind: str, begun_at: float
    ) -> AsyncIterator[Entity]:
        if place is None:
            return
        given = {
            "filter[note_type][0]": kind,
            "filter[updated_at][from]": str(int(begun_at - SKEW_S)),
            "order[updated_at]": "desc",
        }
        path = f"/api/v4/{place[0]}/{place[1]}/notes"
        async for page in self._api.pages(path, "notes", given, limit=LONGEST):
            for note in page:
                yield note


def incoming_of(one: Entity) -> dict[str, Any]:
    """An incoming lead's uid, lead and contact. Raises LookupError when it has no lead."""
    contacts = entities.inside(one, "contacts")
    return {
        "uid": str(one["uid"]),
        "deal": entities.inside(one, "leads")[0],
        "contact": contacts[0] if contacts else None,
    }
