"""Odoo's search domains, as far as calltrackd uses them."""

from collections.abc import Callable
from typing import Any

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda mine, asked: mine == asked,
    "!=": lambda mine, asked: mine != asked,
    ">=": lambda mine, asked: mine >= asked,
    "in": lambda mine, asked: mine in asked,
    "not in": lambda mine, asked: mine not in asked,
    "ilike": lambda mine, asked: bool(mine) and asked.lower() in mine.lower(),
    "=ilike": lambda mine, asked: bool(mine) and asked.replace("\\", "").lower() == mine.lower(),
}


def fits(domain: list[Any], row: dict[str, Any]) -> bool:
    """Whether a record is found: terms joined by and, the two after a `|` by or."""
    terms = list(domain)

    def term() -> bool:
        head = terms.pop(0)
        if head == "|":
            one, other = term(), term()
            return one or other
        name, operator, asked = head
        return OPERATORS[operator](_value(name, row), asked)

    results = []
    while terms:
        results.append(term())
    return all(results)


def _value(name: str, row: dict[str, Any]) -> Any:
    if name == "phone_mobile_search":
        return "".join(filter(str.isdigit, row["phone"] or ""))
    if name == "channel_member_ids.partner_id":
        return row["channel_member_ids"][0][2]["partner_id"]
    value = row[name]
    reference = name.endswith("_id") and isinstance(value, list)
    return value[0] if reference else value
