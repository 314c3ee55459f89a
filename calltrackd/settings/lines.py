"""In which line each key of a TOML text stands: tomllib gives the values, but no lines.

`locate` walks a text that tomllib has read already, so it need not find mistakes, only keep step:
headers, dotted and quoted keys, strings of four kinds, arrays and inline tables over several lines.
Source: TOML 1.0.
"""

import re
import tomllib
from bisect import bisect_right

from calltrackd.settings.errors import Key, Mark, Place

_BLANK = re.compile(r"(?:[\s,]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_STRING = re.compile(
    r'''
    """ (?: \\. | [^\\] )*? "{3,5}
    | \'{3} .*? \'{3,5}
    | " (?: \\. | [^"\\] )* "
    | ' [^']* '
    ''',
    re.DOTALL | re.VERBOSE,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def locate(text: str, file: str) -> Mark:
    """The places of all keys and list entries of a valid TOML text."""
    return _Walk(text, file).document()


class _Walk:
    """A position in the text that moves on over what it has understood."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> Mark:
        root = table = Mark(Place(self._file, 1))
        while self._more():
            if self._text[self._at] == "[":
                table = self._header(root)
            else:
                self._pair(table)
        return root

    def _more(self, closing: str = "") -> bool:
        """Skips blanks, commas and comments; whether something follows but `closing`."""
        self._skip(_BLANK)
        if closing and self._text[self._at] == closing:
            self._at += 1
            return False
        return self._at < len(self._text)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _place(self) -> Place:
        return Place(self._file, bisect_right(self._starts, self._at))

    def _header(self, root: Mark) -> Mark:
        place = self._place()
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *outer, last = self._dotted()
        self._at += brackets
        table = root
        for key in outer:
            table = _newest(table.children.setdefault(key, Mark(place)))
        table = table.children.setdefault(last, Mark(place))
        if brackets == 2:
            table = table.children.setdefault(len(table.children), Mark(place))
        else:
            table.place = place
        return table

    def _dotted(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(_plain(self._skip(_KEY)))
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _pair(self, table: Mark) -> None:
        place = self._place()
        *outer, last = self._dotted()
        for key in outer:
            table = table.children.setdefault(key, Mark(place))
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(table.children.setdefault(last, Mark(place)))

    def _value(self, mark: Mark) -> None:
        start = self._text[self._at]
        if start == "[":
            self._at += 1
            while self._more("]"):
                entry = mark.children[len(mark.children)] = Mark(self._place())
                self._value(entry)
        elif start == "{":
            self._at += 1
            while self._more("}"):
                self._pair(mark)
        else:
            self._skip(_STRING if start in "\"'" else _SCALAR)


def _newest(mark: Mark) -> Mark:
    """Of an array of tables its last entry, which later headers speak of; else the mark itself."""
    key: Key = len(mark.children) - 1
    return mark.children.get(key, mark)


def _plain(key: str) -> str:
    if key[:1] not in ("'", '"'):
        return key
    return str(tomllib.loads(f"key = {key}")["key"])
