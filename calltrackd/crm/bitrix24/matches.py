"""From what a portal has under a number to the matches that the lead policy chooses among (pure).

Contacts and companies are people; their open leads and deals are theirs. A company that a found
contact works for is that contact, and a closed lead whose people are there is they.
"""

from datetime import datetime
from typing import Any

from calltrackd.crm.bitrix24.answers import listing, mapping
from calltrackd.crm.leads.match import EntityKind, Match

LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
TYPES: dict[str, int] = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
"""Kind -> entityTypeId."""

Item = dict[str, Any]


def moment(text: Any) -> float | None:
    """ISO 8601 with zone as unix seconds; None for nothing and for what is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def items(result: Any) -> list[Item]:
    """Items of a `crm.item.list`."""
    return [mapping(one) for one in listing(mapping(result).get("items"))]


def matches_of(found: dict[str, list[Item]]) -> list[Match]:
    """`found`: kind -> items; of deals the open ones of the contacts and companies."""
    contacts, companies = found.get("contact", []), found.get("company", [])
    leads, deals = found.get("lead", []), found.get("deal", [])
    employers = {_id(contact, "companyId") for contact in contacts}
    people = [("contact", one) for one in contacts]
    people += [("company", one) for one in companies if _id(one, "id") not in employers]
    matches = [_person(kind, one, leads, deals) for kind, one in people]
    known = {"contactId": _ids(contacts), "companyId": _ids(companies)}
    return matches + [_lead(one) for one in leads if _stands_alone(one, known, bool(people))]


def _person(kind: str, item: Item, leads: list[Item], deals: list[Item]) -> Match:
    where: EntityKind = "company" if kind == "company" else "contact"
    mine = [one for one in (*deals, *leads) if _is_open(one) and _belongs(one, where, item)]
    newest = max(mine, key=lambda one: moment(one.get("createdTime")) or 0.0, default=None)
    return _match(where, item, None if newest is None else str(newest["id"]))


def _lead(item: Item) -> Match:
    return _match("lead", item, str(item["id"]) if _is_open(item) else None)


def _match(kind: EntityKind, item: Item, open_deal: str | None) -> Match:
    name = " ".join(str(item[part]) for part in ("name", "lastName") if item.get(part))
    return Match(
        kind=kind,
        id=str(item["id"]),
        name=name or item.get("title") or None,
        responsible=_id(item, "assignedById"),
        open_deal=open_deal,
        active_at=moment(item.get("lastActivityTime")),
        created_at=moment(item.get("createdTime")),
    )


def _belongs(item: Item, kind: str, person: Item) -> bool:
    if _id(item, f"{kind}Id") == _id(person, "id"):
        return True
    employer = _id(person, "companyId") if kind == "contact" else None
    mine = kind == "contact" and _id(item, "contactId") is None
    return mine and employer is not None and _id(item, "companyId") == employer


def _stands_alone(lead: Item, known: dict[str, set[str | None]], somebody: bool) -> bool:
    """Nobody's whom we found; a closed one is only news where nobody was found."""
    theirs = any(_id(lead, field) in ids for field, ids in known.items())
    return not theirs and (_is_open(lead) or not somebody)


def _is_open(item: Item) -> bool:
    return item.get("stageSemanticId", "P") in {"P", "", None}


def _ids(found: list[Item]) -> set[str | None]:
    return {_id(one, "id") for one in found}


def _id(item: Item, field: str) -> str | None:
    """An id as text; the portal writes 0 and null for none."""
    value = item.get(field)
    return None if value in {None, "", 0, "0"} else str(value)
