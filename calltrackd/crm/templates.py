"""Texts and values by templates over the record, as admins write them into the settings.

A template is Jinja2 in its sandbox: text with `{{ caller }}` in it, or one single `{{ talk_s }}`,
which keeps its type (number, list, null). A name that does not exist is an error when the target is
built; a missing part of an object (`source.term`) is empty.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import ChainableUndefined, TemplateError, Undefined, meta
from jinja2.sandbox import SandboxedEnvironment

from calltrackd.model.call import CallRecord, public

Value = Any
"""What JSON can hold."""
Fill = Callable[[Mapping[str, Value]], Value]
"""From names to a value. Raises TemplateFault."""

RECORD_NAMES = frozenset(CallRecord.__struct_fields__)
_SINGLE = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}).)*)\}\}\s*", re.DOTALL)
_ENVIRONMENT = SandboxedEnvironment(
    undefined=ChainableUndefined,
    autoescape=False,
    finalize=lambda value: "" if value is None else value,
)


class TemplateFault(Exception):  # noqa: N818 - says what is, as the other faults do
    """A template cannot be read or filled; the text names its place."""


def compiled(value: Value, place: str, names: frozenset[str] = RECORD_NAMES) -> Fill:
    """A function that fills a template, or an object or list of templates.

    `place` is told in errors; `names`: those that a template may use. Raises TemplateFault.
    """
    if isinstance(value, dict):
        parts = {key: compiled(one, f"{place}.{key}", names) for key, one in value.items()}
        return lambda given: {key: fill(given) for key, fill in parts.items()}
    if isinstance(value, list):
        items = [compiled(one, f"{place}.{n}", names) for n, one in enumerate(value)]
        return lambda given: [fill(given) for fill in items]
    return (
        _guarded(_template(value, place, names), place) if isinstance(value, str) else _just(value)
    )


def names_of(record: CallRecord) -> dict[str, Value]:
    """What a template may use of a record: its public shape."""
    return public(record)


def _just(value: Value) -> Fill:
    return lambda _: value


def _guarded(fill: Fill, place: str) -> Fill:
    def guarded(given: Mapping[str, Value]) -> Value:
        try:
            return fill(given)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise TemplateFault(f"{place}: {error}") from error

    return guarded


def _template(text: str, place: str, names: frozenset[str]) -> Fill:
    try:
        unknown = meta.find_undeclared_variables(_ENVIRONMENT.parse(text)) - names
        if unknown:
            raise TemplateFault(f"{place}: no such name: {', '.join(sorted(unknown))}")
        if single := _SINGLE.fullmatch(text):
            return _expression(single[1])
        return _ENVIRONMENT.from_string(text).render
    except TemplateError as error:
        raise TemplateFault(f"{place}: {error}") from error


def _expression(text: str) -> Fill:
    expression = _ENVIRONMENT.compile_expression(text, undefined_to_none=False)

    def fill(given: Mapping[str, Value]) -> Value:
        value = expression(**given)
        return None if isinstance(value, Undefined) else value

    return fill
