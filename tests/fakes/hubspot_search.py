"""Filters of HubSpot's search: groups are or-ed, the filters of a group and-ed."""

from datetime import datetime
from typing import Any


def fits(properties: dict[str, Any], groups: list[dict[str, Any]]) -> bool:
    """Whether one of the groups fits whole."""
    return any(
        all(_passes(properties.get(one["propertyName"]), one) for one in group["filters"])
        for group in groups
    )


def _passes(value: str | None, given: dict[str, Any]) -> bool:
    if value is None:
        return False
    wanted, operator = given["value"], given["operator"]
    if operator == "CONTAINS_TOKEN":
        return value.endswith(wanted.removeprefix("*"))
    if "T" in value and wanted.isdigit():
        return _compared(_milliseconds(value), int(wanted), operator)
    if operator == "EQ":
        return value == wanted
    raise AssertionError(f"no such operator for {given['propertyName']}: {operator}")


def _compared(value: int, wanted: int, operator: str) -> bool:
    return value >= wanted if operator == "GTE" else value == wanted


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
