"""Contacts, companies and leads as the API gives them, read (pure)."""

from collections.abc import Iterable, Mapping
from typing import Any

from calltrackd.crm import phones
from calltrackd.crm.leads.match import EntityKind, Match

Entity = Mapping[str, Any]
WON, LOST = 142, 143
"""Stages with these ids end every pipeline."""
FOLDERS: dict[str, EntityKind] = {"contacts": "contact", "companies": "company"}
"""Where entities that have numbers live, and what they are."""
KINDS = {"contact": "contacts", "company": "companies", "lead": "leads", "customer": "customers"}
"""The same the other way, as paths name them."""


def values(entity: Entity, code: str | int) -> list[Any]:
    """What stands in a custom field, by its code or id."""
    found: list[Any] = []
    for field in entity.get("custom_fields_values") or []:
        if code in (field.get("field_code"), field.get("field_id")):
            found += [one.get("value") for one in field.get("values") or []]
    return found


def numbers(entity: Entity) -> list[str]:
    """Phone numbers as somebody typed them."""
    return [str(one) for one in values(entity, "PHONE") if one]


def has(entity: Entity, phone: str) -> bool:
    """Whether it has the number (E.164) in whatever form: the CRM's search finds more."""
    return any(phones.same(phone, one) for one in numbers(entity))


def inside(entity: Entity, kind: str) -> list[str]:
    """Ids of what is linked to it: `leads`, `contacts`, `companies`."""
    return [str(one["id"]) for one in (entity.get("_embedded") or {}).get(kind) or []]


def is_open(lead: Entity) -> bool:
    """Neither won, lost nor deleted."""
    return lead.get("status_id") not in (WON, LOST) and not lead.get("is_deleted")


def match_of(kind: EntityKind, entity: Entity, leads: Mapping[str, Entity]) -> Match:
    """One who has the caller's number. `leads`: those that were read, by id."""
    mine = [leads[one] for one in inside(entity, "leads") if one in leads]
    return Match(
        kind=kind,
        id=str(entity["id"]),
        name=entity.get("name") or None,
        responsible=_id(entity.get("responsible_user_id")),
        open_deal=newest_open(mine),
        active_at=_moment(entity.get("updated_at")),
        created_at=_moment(entity.get("created_at")),
    )


def newest_open(leads: Iterable[Entity]) -> str | None:
    """The id of the newest lead in progress."""
    left = [lead for lead in leads if is_open(lead)]
    if not left:
        return None
    return str(max(left, key=lambda one: (one.get("created_at") or 0, one["id"]))["id"])


def _id(value: Any) -> str | None:
    return str(value) if value else None


def _moment(value: Any) -> float | None:
    return float(value) if value else None
