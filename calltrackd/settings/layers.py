"""Several files as one: later tables are laid over earlier ones, each value with its place."""

from dataclasses import dataclass
from typing import Any

from calltrackd.settings.errors import Mark


@dataclass
class Layers:
    """The settings so far, as plain data, and where each was written."""

    data: dict[str, Any]
    marks: Mark

    def lay(self, data: dict[str, Any], marks: Mark) -> None:
        """Lays a file over what is there: lists of tables grow, everything else is replaced."""
        _lay(self.data, self.marks, data, marks)


def _lay(under: dict[str, Any], under_marks: Mark, over: dict[str, Any], marks: Mark) -> None:
    for key, value in over.items():
        mark = marks.children[key]
        old = under.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _lay(old, under_marks.children[key], value, mark)
        elif isinstance(old, list) and is_tables(old) and is_tables(value):
            places = under_marks.children[key].children
            places |= {len(old) + index: mark.children[index] for index in range(len(value))}
            old.extend(value)
        else:
            under[key] = value
            under_marks.children[key] = mark


def is_tables(value: Any) -> bool:
    """Whether the value is what `[[name]]` makes, or an empty list."""
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
