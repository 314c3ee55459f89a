"""What is wrong with the settings: every problem at once, each with its place and its mend."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Key = str | int
Path = tuple[Key, ...]


@dataclass(frozen=True)
class Place:
    """Where a setting was written: a file's line, a column of it, or an environment variable."""

    file: str
    """A file's path, or `$NAME` of a variable."""
    line: int | None = None
    column: str | None = None
    """Name of the CSV column."""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return where if self.column is None else f"{where} column {self.column}"


@dataclass
class Mark:
    """The place of a value, and those of the values in it."""

    place: Place
    children: dict[Key, "Mark"] = field(default_factory=dict)

    def find(self, path: Path) -> Place:
        """The place of `path`, or of the innermost table around it that was written at all."""
        mark = self
        for key in path:
            if key not in mark.children:
                break
            mark = mark.children[key]
        return mark.place

    def exact(self, path: Path) -> Place | None:
        """The place of `path` itself, None when it was not written."""
        mark = self
        for key in path:
            if key not in mark.children:
                return None
            mark = mark.children[key]
        return mark.place


@dataclass(frozen=True)
class Problem:
    """One mistake. `path` as one would say it: `pbx[0].port`; empty: the file as a whole."""

    place: Place
    path: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.path}: {self.message}"
            if self.path
            else (f"{self.place}: {self.message}")
        )


class SettingsError(Exception):
    """The settings can't be used. `problems` holds all that is wrong, in the files' order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Path) -> str:
    """The path as it is said.

    >>> dotted(("keypad", "map", 0, "keys", "*1"))
    'keypad.map[0].keys."*1"'
    """
    said = ""
    for key in path:
        if isinstance(key, int):
            said += f"[{key}]"
        else:
            word = key if re.fullmatch(r"[\w-]+", key) else f'"{key}"'
            said += f".{word}" if said else word
    return said
