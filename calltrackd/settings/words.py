"""pydantic's errors in words that mend: what stands wrong, what is near, never a secret's value."""

import difflib
import re
from collections.abc import Collection
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from calltrackd.settings import shape
from calltrackd.settings.base import NAME
from calltrackd.settings.errors import Mark, Path, Problem, dotted
from calltrackd.settings.keypad import KEYS
from calltrackd.settings.pbx import LINE
from calltrackd.settings.root import Settings
from calltrackd.settings.target import HEADER

TOML_NAMES = {
    bool: "a boolean", int: "an integer", float: "a float", str: "a text", list: "a list",
    dict: "a table",
}  # fmt: skip

MEANT = {
    NAME: "one word of letters, digits, dots, dashes and underscores, 64 at most",
    LINE: "one line",
    HEADER: "a header's name (RFC 9110)",
    KEYS: "keys of a telephone: 0-9, *, #, A-D, 16 at most",
}


def nearest(word: str, words: Collection[str]) -> str:
    """`; did you mean X?`, or which words there are when none is near.

    >>> nearest("prot", ("port", "host"))
    '; did you mean port?'
    """
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(words)}" if words else ""


def problems_of(error: ValidationError, marks: Mark) -> list[Problem]:
    """A problem for each of pydantic's errors, with the place where it was written."""
    found = []
    for one in error.errors(include_url=False):
        path = tuple(key for key in one["loc"] if key != "[key]")
        found.append(Problem(marks.find(path), dotted(path), _message(one, path, marks)))
    return found


def _message(one: ErrorDetails, path: Path, marks: Mark) -> str:
    context = one.get("ctx", {})
    kind = context.get("kind", one["type"])
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return f"is missing: {_description(path)}"
    if kind == "literal_error":
        return _choice(one["input"], path)
    if other := context.get("other"):
        return f"{one['msg']} (the other: {marks.find(other)})"
    if kind == "string_pattern_mismatch":
        return f"should be {MEANT.get(context['pattern'], 'like ' + context['pattern'])}"
    message = re.sub(r"^\w+ should", "should", one["msg"])
    name = TOML_NAMES.get(type(one["input"]))
    return f"{message}, found {name}" if kind.endswith(("_type", "_parsing")) and name else message


def _unknown(path: Path) -> str:
    *outer, word = path
    table = shape.at(Settings, tuple(outer))
    names = list(table.model_fields) if shape.is_model(table) else []
    near = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.6)
    homes = [] if near else [home for home in _homes(Settings, ()) if home[-1] == word]
    if homes:
        return f"no such setting here; it belongs to {dotted(homes[0][:-1]) or 'the top'}"
    return f"no such setting{nearest(str(word), names)}"


def _homes(model: type[BaseModel], path: Path) -> list[Path]:
    """The paths of all settings, list indexes left out."""
    found: list[Path] = []
    for name, field in model.model_fields.items():
        kind = shape.bare(field.annotation)
        inner = shape.bare(shape.inside(kind, 0)) if shape.is_list(kind) else kind
        found.append((*path, name))
        if shape.is_model(inner):
            found += _homes(inner, (*path, name))
    return found


def _description(path: Path) -> str:
    *outer, word = path
    table: Any = shape.at(Settings, tuple(outer))
    text = table.model_fields[word].description or ""
    return text.rstrip(".")


def _choice(value: Any, path: Path) -> str:
    words = [str(word) for word in get_args(shape.at(Settings, path))]
    found = repr(value) if isinstance(value, str) else TOML_NAMES.get(type(value), "another type")
    return f"{found} is not among the choices{nearest(str(value), words)}"
