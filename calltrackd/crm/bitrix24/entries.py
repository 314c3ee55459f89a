"""A call as an entry of the CRM's timeline: all that a webhook may write of it.

Also where the portal's telephony made no activity, as it does when it found nobody to put it at.
"""

from typing import Any

from calltrackd.crm.bitrix24 import words
from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.bitrix24.leading import Entity
from calltrackd.crm.bitrix24.matches import TYPES
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord
from calltrackd.model.captions import as_text
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

CALL = 2
"""TYPE_ID of a call."""
MOST_CHARS = 30_000


class Entries:
    """Raises Trouble."""

    def __init__(self, settings: Bitrix24Target, portal: Portal, tools: Tools) -> None:
        self._settings, self._portal, self._tools = settings, portal, tools

    async def write(self, event: Event, desk: Desk, entity: Entity, owner: str) -> None:
        """The entry, and later what came to be known of the call."""
        text = await self._text(event.record, desk)
        if "entry" not in desk:
            fields = self._fields(event, entity, owner, text)
            await desk.once("entry", lambda: self._add(fields), link="activity")
            await desk.remember("described", text)
        entry = int(desk["entry"])
        params = {"id": entry, "fields": {"DESCRIPTION": text, "DESCRIPTION_TYPE": 1}}
        await desk.keep("described", text, lambda: self._portal.call("crm.activity.update", params))

    async def find(self, call_id: str) -> str | None:
        """The entry of a call."""
        params = {
            "filter": {"ORIGINATOR_ID": words.ORIGINATOR, "ORIGIN_ID": call_id},
            "select": ["ID", "ORIGIN_ID"],
            "order": {"ID": "ASC"},
        }
        rows = listing(await self._portal.call("crm.activity.list", params, reads=True))
        mine = [row for row in map(mapping, rows) if str(row.get("ORIGIN_ID")) == call_id]
        return str(mine[0]["ID"]) if mine else None

    async def _add(self, fields: dict[str, Any]) -> str:
        return str(await self._portal.call("crm.activity.add", {"fields": fields}))

    def _fields(self, event: Event, entity: Entity, owner: str, text: str) -> dict[str, Any]:
        record, (kind, entity_id) = event.record, entity
        whom = {
            "VALUE": record.caller,
            "ENTITY_ID": int(entity_id),
            "ENTITY_TYPE_ID": TYPES[kind],
        }
        return {
            "OWNER_TYPE_ID": TYPES[kind],
            "OWNER_ID": int(entity_id),
            "TYPE_ID": CALL,
            "SUBJECT": f"{record.direction.capitalize()} call {record.caller}",
            "COMMUNICATIONS": [whom],
            "START_TIME": words.iso(record.started_at),
            "END_TIME": words.iso(record.ended_at or record.started_at),
            "COMPLETED": "N" if event.missed else "Y",
            "DIRECTION": 2 if record.direction == "outbound" else 1,
            "RESPONSIBLE_ID": int(owner),
            "DESCRIPTION": text,
            "DESCRIPTION_TYPE": 1,
            "ORIGINATOR_ID": words.ORIGINATOR,
            "ORIGIN_ID": record.id,
        }

    async def _text(self, record: CallRecord, desk: Desk) -> str:
        lines = [f"{record.outcome}, talk {round(record.talk_s)} s, line {record.did or '-'}"]
        if tags := words.tags(record):
            lines.append(", ".join(tags))
        links = self._tools.recordings
        if self._settings.recordings and links is not None:
            found = [links.link(record.id, one.path) for one in record.recordings]
            lines += [link for link in found if link is not None]
        if self._settings.transcripts:
            lines += [as_text(one.transcript) for one in await desk.transcripts()]
        return "\n".join(lines)[:MOST_CHARS]
