"""Where in a TOML text each value was written."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.settings.errors import Key, Mark
from calltrackd.settings.lines import locate

NASTY = Path(__file__).with_name("nasty.toml").read_text("utf-8")


def paths(value: Any, path: tuple[Key, ...] = ()) -> set[tuple[Key, ...]]:
    """Every path of plain data."""
    if isinstance(value, dict):
        inside = [paths(one, (*path, key)) for key, one in value.items()]
    elif isinstance(value, list):
        inside = [paths(one, (*path, index)) for index, one in enumerate(value)]
    else:
        inside = []
    return {path}.union(*inside)


def marked(mark: Mark, path: tuple[Key, ...] = ()) -> set[tuple[Key, ...]]:
    """Every path that has a place."""
    inside = [marked(child, (*path, key)) for key, child in mark.children.items()]
    return {path}.union(*inside)


def test_every_value_of_a_nasty_text_has_a_place_and_nothing_else_has() -> None:
    """Comments, texts of four kinds, nested lists and headers do not lead the walk astray."""
    assert marked(locate(NASTY, "f")) == paths(tomllib.loads(NASTY))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("quoted key",), 3),
        (("lit.eral",), 4),
        (("deep", "er", "and deeper"), 5),
        (("multi",), 6),
        (("raw",), 10),
        (("date",), 13),
        (("list", 1), 15),
        (("list", 2, 1, 0), 16),
        (("list", 3, "y", "z", 1), 17),
        (("t", "u v", "k"), 23),
        (("arr", 0, "sub", "k"), 27),
        (("arr", 0, "list", 1, "q"), 31),
        (("arr", 1), 32),
        (("arr", 1, "sub", "k"), 35),
    ],
)
def test_the_line_is_the_one_an_editor_shows(path: tuple[Key, ...], line: int) -> None:
    """A value's line is where its key begins, a list entry's where the entry begins."""
    assert locate(NASTY, "f").find(path).line == line


def test_lines_of_windows_are_counted_alike() -> None:
    """A file with CR LF has the same line numbers."""
    assert locate(NASTY.replace("\n", "\r\n"), "f").find(("arr", 1, "sub", "k")).line == 35


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
_VALUES = st.recursive(
    st.integers() | st.booleans() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def _toml(value: Any) -> str:
    """The value as inline TOML, spread over lines where TOML allows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[ # ]\n" + ",\n".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        pairs = [f"{_toml(key)} = {_toml(one)}" for key, one in value.items()]
        return "{" + ", ".join(pairs) + "}"
    return str(value)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4), st.sampled_from(["", "[t]\n", "[[t]]\n"]))
def test_any_data_has_a_place_for_every_value(data: dict[str, Any], header: str) -> None:
    """Whatever can be written in TOML is walked through to its end."""
    text = header + "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in data.items())
    assert marked(locate(text, "f")) == paths(tomllib.loads(text))
