"""The portal's list of finished calls: what tells whether a `finish` went through."""

from typing import Any

from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.bitrix24.portal import Portal


async def entry(portal: Portal, **where: str) -> dict[str, Any] | None:
    """The finished call with these fields (`CALL_ID`, `EXTERNAL_CALL_ID`), None: there is none.

    A field that a portal does not filter by is looked at here as well. Raises Trouble.
    """
    params = {"FILTER": where, "SORT": "ID", "ORDER": "ASC"}
    result = await portal.call("voximplant.statistic.get", params, reads=True)
    for row in map(mapping, listing(result)):
        if all(str(row.get(field)) == value for field, value in where.items()):
            return row
    return None


def finished(row: dict[str, Any]) -> dict[str, str | None]:
    """What the end of a call is remembered by: `activity`, and `kind` and `id` of its entity."""
    kind, entity = _text(row, "CRM_ENTITY_TYPE"), _text(row, "CRM_ENTITY_ID")
    return {
        "activity": _text(row, "CRM_ACTIVITY_ID"),
        "kind": kind.lower() if kind and entity else None,
        "id": entity,
    }


def _text(row: dict[str, Any], field: str) -> str | None:
    value = row.get(field)
    return None if value in (None, "", 0, "0") or isinstance(value, dict | list) else str(value)
