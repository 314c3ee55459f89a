"""Entities as the API gives them, read (pure): all values of properties are texts or null."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calltrackd.crm import phones

Entity = Mapping[str, Any]
"""`{"id": "7", "properties": {...}}`."""


def prop(entity: Entity, name: str) -> str | None:
    """A property's value; None for an empty one."""
    value = (entity.get("properties") or {}).get(name)
    return None if value is None or value == "" else str(value)


def moment(text: str | None) -> float | None:
    """Unix seconds of a date, which comes as ISO 8601 or as milliseconds.

    >>> moment("2026-11-23T08:42:18.500Z"), moment("1795423338500"), moment("soon")
    (1795423338.5, 1795423338.5, None)
    """
    if text is None:
        return None
    if text.isdigit():
        return int(text) / 1000
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def iso(at: float) -> str:
    """Unix seconds as the API takes them.

    >>> iso(1795423338.5)
    '2026-11-23T08:42:18.500Z'
    """
    whole, ms = divmod(round(at * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def truth(text: str | None) -> bool:
    """A property of yes and no."""
    return (text or "").lower() == "true"


def name_of(entity: Entity) -> str | None:
    """What a contact or company is called."""
    whole = " ".join(filter(None, (prop(entity, "firstname"), prop(entity, "lastname"))))
    return whole or prop(entity, "name")


def has(entity: Entity, phone: str, names: tuple[str, ...]) -> bool:
    """Whether one of the properties holds the number (E.164), in whatever form."""
    return any(phones.same(phone, prop(entity, name) or "") for name in names)
