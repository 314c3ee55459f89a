"""Who has a number: one look for the ids, one batch for what is to be known of them."""

from typing import Any

from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.bitrix24.matches import DEAL, TYPES, Item, items, matches_of
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.leads.match import Match

KINDS = ("lead", "contact", "company")
COMMON = ["id", "assignedById", "createdTime", "lastActivityTime"]
FIELDS = {
    "lead": [*COMMON, "title", "name", "lastName", "stageSemanticId", "contactId", "companyId"],
    "contact": [*COMMON, "name", "lastName", "companyId"],
    "company": [*COMMON, "title"],
}
DEAL_FIELDS = [*COMMON, "title", "stageSemanticId", "contactId", "companyId"]

Command = tuple[str, dict[str, Any]]


class Clients:
    """Raises Trouble."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def search(self, phone: str, *, urgent: bool = False) -> list[Match]:
        """All that has the number (E.164)."""
        params = {"type": "PHONE", "values": [phone]}
        result = await self._portal.call(
            "crm.duplicate.findbycomm", params, reads=True, urgent=urgent
        )
        told = mapping(result)
        ids = {kind: [str(one) for one in listing(told.get(kind.upper()))] for kind in KINDS}
        if not any(ids.values()):
            return []
        results = await self._portal.batch(_commands(ids), urgent=urgent)
        return matches_of(_found(results))


def _commands(ids: dict[str, list[str]]) -> dict[str, Command]:
    commands = {
        kind: _list(TYPES[kind], FIELDS[kind], {"@id": found})
        for kind, found in ids.items()
        if found
    }
    for kind in ("contact", "company"):
        if found := ids[kind]:
            where = {f"@{kind}Id": found, "stageSemanticId": "P"}
            commands[f"deals_{kind}"] = _list(DEAL, DEAL_FIELDS, where)
    return commands


def _list(type_id: int, select: list[str], where: dict[str, Any]) -> Command:
    params = {
        "entityTypeId": type_id,
        "select": select,
        "filter": where,
        "order": {"id": "DESC"},
    }
    return "crm.item.list", params


def _found(results: dict[str, Any]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for key, result in results.items():
        found.setdefault("deal" if key.startswith("deals_") else key, []).extend(items(result))
    unique = {str(deal["id"]): deal for deal in found.get("deal", [])}
    return {**found, "deal": list(unique.values())}
