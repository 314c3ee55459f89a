"""Entries of a list that cannot stand beside each other: all told at once, each at its place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import InitErrorDetails

from calltrackd.settings.base import told


@dataclass(frozen=True)
class Clash:
    """`where` counts from the list; `other` from the root: the place that it clashes with."""

    where: tuple[str | int, ...]
    message: str
    other: tuple[str | int, ...] | None = None


def details(clashes: Iterable[Clash]) -> list[InitErrorDetails]:
    """The clashes as pydantic keeps its errors."""
    return [
        InitErrorDetails(
            type=told("{message}", message=clash.message, other=clash.other),
            loc=clash.where,
            input=None,
        )
        for clash in clashes
    ]


def raise_all(clashes: Iterable[Clash]) -> None:
    """ValidationError that holds them all; nothing when there are none."""
    if found := details(clashes):
        raise ValidationError.from_exception_data("settings", found)


def unique(list_path: str, field: str, normal: Callable[[str], str | None]) -> WrapValidator:
    """No two entries of the list may have the same `field` after `normal`.

    Told together with whatever else is wrong in the list.
    """

    def check(value: Any, handler: ValidatorFunctionWrapHandler, _: ValidationInfo) -> Any:
        doubles = details(_doubles(value, list_path, field, normal))
        try:
            result = handler(value)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                "settings", [*_again(error), *doubles]
            ) from None
        if doubles:
            raise ValidationError.from_exception_data("settings", doubles)
        return result

    return WrapValidator(check)


def _doubles(
    value: Any, list_path: str, field: str, normal: Callable[[str], str | None]
) -> Iterator[Clash]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(value if isinstance(value, list) else []):
        raw = entry.get(field) if isinstance(entry, dict) else getattr(entry, field, None)
        key = normal(raw) if isinstance(raw, str) else None
        if key is None:
            continue
        if key in seen:
            message = f"{key} is there twice"
            yield Clash((index, field), message, (list_path, seen[key], field))
        seen.setdefault(key, index)


def _again(error: ValidationError) -> list[InitErrorDetails]:
    """The errors in the shape in which they can be raised once more."""
    return [
        InitErrorDetails(
            type=told(
                "{message}", **{**one.get("ctx", {}), "message": one["msg"], "kind": one["type"]}
            ),
            loc=one["loc"],
            input=one["input"],
        )
        for one in error.errors(include_url=False)
    ]
