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
from calltrackd.settings.freeswitch import USER
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
    USER: "user@domain of FreeSWITCH's directory",
    KEYS: "keys of a telephone: 0-9, *, #, A-D, 16 at most",
}

FORMS = ("union_tag_invalid", "union_tag_not_found")
"""A table of which only its `kind` tells what may stand in it."""


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
        message = _message(one, path, marks)
        if _kind(one) in FORMS:
            path = (*path, "kind")
        path = shape.untagged(Settings, path)
        found.append(Problem(marks.find(path), dotted(path), message))
    return found


def _kind(one: ErrorDetails) -> str:
    """Pydantic's name of the error, also when it was raised once more."""
    return str(one.get("ctx", {}).get("kind", one["type"]))


def _message(one: ErrorDetails, path: Path, marks: Mark) -> str:
    match _kind(one):
        case kind if kind in FORMS:
            return _form(one, path)
        case "extra_forbidden":
            return _unknown(path)
        case "missing":
            return f"is missing: {_description(path)}"
        case "literal_error":
            return _choice(one["input"], path)
        case _:
            return _should(one, marks)


def _should(one: ErrorDetails, marks: Mark) -> str:
    """Pydantic's own words, and what was found instead, or what it clashes with."""
    context = one.get("ctx", {})
    if _kind(one) == "string_pattern_mismatch":
        return f"should be {MEANT.get(context['pattern'], 'like ' + context['pattern'])}"
    if other := context.get("other"):
        return f"{one['msg']} (the other: {marks.find(other)})"
    message = re.sub(r"^\w+ should", "should", one["msg"])
    name = TOML_NAMES.get(type(one["input"]))
    wrong_type = _kind(one).endswith(("_type", "_parsing")) and name
    return f"{message}, found {name}" if wrong_type else message


def _unknown(path: Path) -> str:
    *outer, word = path
    table = shape.at(Settings, tuple(outer))
    names = list(table.model_fields) if shape.is_model(table) else []
    near = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.6)
    homes = [] if near else [home for home in _homes(Settings, ()) if home[-1] == word]
    here = tuple(key for key in shape.untagged(Settings, path) if isinstance(key, str))
    if here in homes:
        return f"no such setting with kind = {_form_of(tuple(outer))}"
    if homes:
        return f"no such setting here; it belongs to {dotted(homes[0][:-1]) or 'the top'}"
    return f"no such setting{nearest(str(word), names)}"


def _form_of(path: Path) -> str:
    """The `kind` of the innermost table of the path that has one."""
    for end in range(len(path), 0, -1):
        table = shape.at(Settings, path[:end])
        if shape.is_model(table) and "kind" in table.model_fields:
            return shape.tag(table)
    raise LookupError(f"no table of {path} has forms")


def _homes(model: type[BaseModel], path: Path) -> list[Path]:
    """The paths of all settings, list indexes left out."""
    found: list[Path] = []
    for name, field in model.model_fields.items():
        kind = shape.bare(field.annotation)
        found.append((*path, name))
        for form in shape.models(shape.inside(kind, 0) if shape.is_list(kind) else kind):
            found += _homes(form, (*path, name))
    return found


def _description(path: Path) -> str:
    *outer, word = path
    table: Any = shape.at(Settings, tuple(outer))
    text = table.model_fields[word].description or ""
    return text.rstrip(".")


def _form(one: ErrorDetails, path: Path) -> str:
    """What a table without a `kind`, or with one that nobody knows, should say."""
    words = [shape.tag(form) for form in shape.models(shape.at(Settings, path))]
    if _kind(one) == "union_tag_not_found":
        return f"is missing: one of {', '.join(words)}"
    found = one["ctx"]["tag"]
    return f"{found!r} is not among the choices{nearest(str(found), words)}"


def _choice(value: Any, path: Path) -> str:
    words = [str(word) for word in get_args(shape.at(Settings, path))]
    found = repr(value) if isinstance(value, str) else TOML_NAMES.get(type(value), "another type")
    return f"{found} is not among the choices{nearest(str(value), words)}"
