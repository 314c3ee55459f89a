"""Another body for those who cannot take ours: fields filled by templates.

A field's template is Jinja2 in its sandbox: text with `{{ caller }}` in it, or one single
`{{ talk_s }}`, which in JSON keeps its type (number, list, null). Names are those of the call
record, and `type`, `timestamp`, `webhook_id`, `alert` and `data` (the whole record). A name that
does not exist is an error when the target is built; a missing part of an object (`source.term`) is
empty.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from jinja2 import ChainableUndefined, TemplateError, Undefined, meta
from jinja2.sandbox import SandboxedEnvironment

from calltrackd.crm.target import Shape
from calltrackd.model.call import CallRecord
from calltrackd.model.outbox import OutboxRow

Value = Any
"""What JSON can hold."""
_Fill = Callable[[Mapping[str, Value]], Value]

NAMES = frozenset(CallRecord.__struct_fields__) | {
    "type",
    "timestamp",
    "webhook_id",
    "data",
    "alert",
}
_SINGLE = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}).)*)\}\}\s*", re.DOTALL)
_ENVIRONMENT = SandboxedEnvironment(
    undefined=ChainableUndefined,
    autoescape=False,
    finalize=lambda value: "" if value is None else value,
)


class MappingError(Exception):
    """A template cannot be read or filled; the text names target and field."""


class Request(msgspec.Struct, frozen=True):
    """What a filled mapping sends: fields for the address's query, a body and its media type."""

    query: dict[str, str] = {}
    body: bytes = b""
    content_type: str = ""


class Mapper:
    """The mapping of one target, compiled. Raises MappingError for a template that is wrong."""

    def __init__(self, target: str, shape: Shape) -> None:
        self._target = target
        self._format = shape.format
        self._fields = {name: self._compiled(value, name) for name, value in shape.fields.items()}

    def request(self, row: OutboxRow) -> Request:
        """The row in the target's own shape. Raises MappingError."""
        event = msgspec.json.decode(row.body)
        names = {"alert": None, **event["data"], **event, "webhook_id": row.id}
        filled = {name: self._filled(name, fill, names) for name, fill in self._fields.items()}
        if self._format == "json":
            return Request(body=msgspec.json.encode(filled), content_type="application/json")
        plain = {name: _plain(value) for name, value in filled.items()}
        if self._format == "query":
            return Request(query=plain)
        body = urlencode(plain).encode()
        return Request(body=body, content_type="application/x-www-form-urlencoded")

    def _filled(self, field: str, fill: _Fill, names: Mapping[str, Value]) -> Value:
        try:
            return fill(names)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise self._error(field, error) from error

    def _error(self, field: str, error: Exception | str) -> MappingError:
        return MappingError(f"target {self._target}, field {field}: {error}")

    def _compiled(self, value: Value, field: str) -> _Fill:
        """A function from names to the field's value; the field may hold objects and lists."""
        if isinstance(value, dict):
            parts = {key: self._compiled(one, f"{field}.{key}") for key, one in value.items()}
            return lambda names: {key: fill(names) for key, fill in parts.items()}
        if isinstance(value, list):
            items = [self._compiled(one, f"{field}.{n}") for n, one in enumerate(value)]
            return lambda names: [fill(names) for fill in items]
        return self._template(value, field) if isinstance(value, str) else lambda _: value

    def _template(self, text: str, field: str) -> _Fill:
        try:
            unknown = meta.find_undeclared_variables(_ENVIRONMENT.parse(text)) - NAMES
            if unknown:
                raise self._error(field, f"no such name: {', '.join(sorted(unknown))}")
            if single := _SINGLE.fullmatch(text):
                return self._expression(single[1])
            template = _ENVIRONMENT.from_string(text)
        except TemplateError as error:
            raise self._error(field, error) from error
        return template.render

    @staticmethod
    def _expression(text: str) -> _Fill:
        expression = _ENVIRONMENT.compile_expression(text, undefined_to_none=False)

        def fill(names: Mapping[str, Value]) -> Value:
            value = expression(**names)
            return None if isinstance(value, Undefined) else value

        return fill


def _plain(value: Value) -> str:
    """A value as forms and queries write it: null is empty, the rest that is no text is JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
