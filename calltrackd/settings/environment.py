"""`CALLTRACKD__A__B` variables: the last layer, over all files.

`CALLTRACKD__PBX__0__HOST=10.0.0.5` sets `pbx[0].host`. Texts are taken as they are; numbers,
booleans, lists and tables are written as in TOML.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from calltrackd.settings import shape
from calltrackd.settings.errors import Key, Mark, Place, Problem
from calltrackd.settings.layers import Layers
from calltrackd.settings.root import Settings

PREFIX = "CALLTRACKD__"


def lay_environment(layers: Layers, environ: Mapping[str, str]) -> list[Problem]:
    """Lays the variables over the files; the problems of those that lead nowhere."""
    problems = []
    for name in sorted(environ):
        if name.startswith(PREFIX):
            try:
                _set(layers, name, environ[name])
            except _NowhereError as error:
                problems.append(Problem(Place(f"${name}"), "", str(error)))
    return problems


class _NowhereError(Exception):
    """The variable's name leads to no setting."""


def _set(layers: Layers, name: str, text: str) -> None:
    place = Place(f"${name}")
    holder: Any = layers.data
    marks = layers.marks
    kind: Any = Settings
    *outer, last = name.removeprefix(PREFIX).split("__")
    for word in outer:
        key = _key(word, holder, kind)
        kind = shape.inside(kind, key)
        marks = marks.children.setdefault(key, Mark(place))
        holder = _enter(holder, key, kind)
    key = _key(last, holder, kind)
    _put(holder, key, _value(text, shape.inside(kind, key)))
    marks.children[key] = Mark(place)


def _key(word: str, holder: Any, kind: Any) -> Key:
    if not word:
        raise _NowhereError("two underscores stand between names: CALLTRACKD__PBX__0__HOST")
    if not isinstance(holder, list):
        return word if shape.is_dict(kind) else word.lower()
    if not word.isdecimal():
        raise _NowhereError(f"{word} stands where a list's index belongs: CALLTRACKD__PBX__0__HOST")
    if int(word) > len(holder):
        size = len(holder)
        raise _NowhereError(f"the list has {size} entries: the next one's index is {size}")
    return int(word)


def _enter(holder: Any, key: Key, kind: Any) -> Any:
    """The list or table under `key`, made when there is none."""
    known = dict(enumerate(holder)) if isinstance(holder, list) else holder
    there: Any = known.get(key)
    if not isinstance(there, list | dict):
        there = [] if shape.is_list(kind) else {}
        _put(holder, key, there)
    return there


def _put(holder: Any, key: Key, value: Any) -> None:
    if isinstance(holder, list) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _value(text: str, kind: Any) -> Any:
    if kind is None or shape.takes_text(kind):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
