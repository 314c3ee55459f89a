"""What we make in the portal: leads, deals, contacts, tasks. None of it is idempotent there.

Each bears ORIGINATOR and the call's id, by which it is found again when an answer was lost; a task
has no such fields, so its description bears the call's id.
"""

from typing import Any

from calltrackd.crm.bitrix24 import words
from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.bitrix24.matches import TYPES, items
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import LeadWish, TaskWish
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

CODES = {"lead": "L", "deal": "D", "contact": "C", "company": "CO"}
"""Kind -> prefix of UF_CRM_TASK."""
SKEW_S = 3600.0
"""The portal's clock and ours differ by less."""


class Entities:
    """Raises Trouble. Ids are texts."""

    def __init__(self, portal: Portal, settings: Bitrix24Target) -> None:
        self._portal, self._settings = portal, settings

    async def add(self, kind: str, fields: dict[str, Any]) -> str:
        """A new lead, deal or contact."""
        params = {"entityTypeId": TYPES[kind], "fields": fields}
        result = await self._portal.call("crm.item.add", params)
        return str(mapping(mapping(result)["item"])["id"])

    async def find(self, kind: str, call_id: str) -> str | None:
        """What was made for a call, the oldest."""
        params = {
            "entityTypeId": TYPES[kind],
            "select": ["id"],
            "filter": {"originatorId": words.ORIGINATOR, "originId": call_id},
            "order": {"id": "ASC"},
        }
        found = items(await self._portal.call("crm.item.list", params, reads=True))
        return str(found[0]["id"]) if found else None

    async def update(self, kind: str, entity_id: str, fields: dict[str, Any]) -> None:
        """Set fields of an item."""
        params = {"entityTypeId": TYPES[kind], "id": int(entity_id), "fields": fields}
        await self._portal.call("crm.item.update", params)

    async def retag(self, kind: str, entity_id: str, gone: set[str], wanted: list[str]) -> None:
        """Have the tags in the field, beside what people put there. `gone`: ours of before."""
        field = self._settings.tags_field or ""
        params = {"entityTypeId": TYPES[kind], "id": int(entity_id)}
        result = await self._portal.call("crm.item.get", params, reads=True)
        there = mapping(mapping(result).get("item")).get(field)
        kept = [str(one) for one in listing(there) if str(one) not in gone]
        await self.update(kind, entity_id, {field: list(dict.fromkeys([*kept, *wanted]))})

    def fields(
        self, kind: str, record: CallRecord, wish: LeadWish, user: str, client: Match | None
    ) -> dict[str, Any]:
        """Fields of what the policy wishes; those of the settings win."""
        fields: dict[str, Any] = {
            "assignedById": int(user),
            "originatorId": words.ORIGINATOR,
            "originId": record.id,
            **words.utm(record.source),
            **self._of_kind(kind, record, wish.title),
        }
        if self._settings.source:
            fields["sourceId"] = self._settings.source
        if self._settings.tags_field and (tags := words.tags(record)):
            fields[self._settings.tags_field] = tags
        if client is not None and kind != "contact":
            fields |= _bound(client)
        return {**fields, **wish.fields}

    def _of_kind(self, kind: str, record: CallRecord, title: str) -> dict[str, Any]:
        if kind == "deal":
            category = self._settings.category
            return {"title": title, **({} if category is None else {"categoryId": category})}
        phone = {"typeId": "PHONE", "valueType": "WORK", "value": record.caller}
        if kind == "contact":
            return {"name": record.caller_name or title, "fm": [phone]}
        named = {"name": record.caller_name} if record.caller_name else {}
        return {"title": title, "fm": [phone], **named}

    async def add_task(
        self, wish: TaskWish, record: CallRecord, user: str, about: tuple[str, str] | None
    ) -> str:
        """A task. `about`: kind and id of the entity that it is bound to."""
        fields: dict[str, Any] = {
            "TITLE": wish.title,
            "RESPONSIBLE_ID": int(user),
            "DEADLINE": words.iso(wish.due_at),
            "DESCRIPTION": _marker(record.id),
        }
        if about is not None:
            fields["UF_CRM_TASK"] = [f"{CODES[about[0]]}_{about[1]}"]
        result = await self._portal.call("tasks.task.add", {"fields": fields})
        return str(mapping(mapping(result)["task"])["id"])

    async def find_task(self, call_id: str, begun_at: float) -> str | None:
        """The task that was made for a call since then (unix seconds)."""
        params = {
            "filter": {">=CREATED_DATE": words.iso(begun_at - SKEW_S)},
            "select": ["ID", "DESCRIPTION"],
            "order": {"ID": "desc"},
        }
        start: int | None = 0
        while start is not None:
            result, start = await self._portal.page("tasks.task.list", {**params, "start": start})
            for task in map(mapping, listing(mapping(result).get("tasks"))):
                if _marker(call_id) in str(task.get("description") or ""):
                    return str(task["id"])
        return None


def _bound(client: Match) -> dict[str, Any]:
    if client.kind == "contact":
        return {"contactIds": [int(client.id)]}
    return {"companyId": int(client.id)} if client.kind == "company" else {}


def _marker(call_id: str) -> str:
    return f"[{words.ORIGINATOR} {call_id}]"
