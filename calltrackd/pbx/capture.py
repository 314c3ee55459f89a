"""A stream for a bug report: a recording whose phone numbers are not people's.

The last seven digits of every number are replaced; which digits come for which is the same
everywhere in one capture and differs between captures. So +7 916 123-45-67 with and without its
prefix stays one number, two numbers stay two, lengths stay, and the stream replays into the same
records with other numbers.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from calltrackd.pbx.stream import Header, Mark, chunk_line, header_line, mark_line

_NUMBER = re.compile(
    r"(?P<keep>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # UUID of a bridge
    r"|0x[0-9a-fA-F]+"
    r"|(?<!\d)\d{9,10}\.\d+"  # Uniqueid: unix seconds and a counter
    r"|(?<!\d)20\d\d[01]\d[0-3]\d(?!\d)"  # the date in a recording's name
    r"|-0[0-9a-f]{7}(?![0-9A-Za-z])"  # the counter that ends a channel's name
    r"|(?<!\d)1[5-9]\d{14}(?!\d)"  # microseconds, 16 digits; a number has 15 at most
    r"|epoch(?:: |\"[:,]\")\d+"  # seconds, under a name that says so
    r"|(?:[A-Z][A-Za-z]*ID|Server|Token): [0-9a-fA-F-]{16,})"  # hashes and the like
    r"|\d{7,}"
)
_HIDDEN = 7
"""Digits: the least that a public number has, so all of it when it has no more."""
_ROUNDS = 6
_LONGEST_LINE = 1 << 16


class Masker:
    """Replaces numbers of 7 and more digits in text that comes in pieces.

    `keep`: numbers left alone (tracking numbers, else nothing in the replay would match), compared
    by their last ten digits. `key` decides the replacements; random unless told.
    """

    def __init__(self, keep: Iterable[str] = (), key: bytes | None = None) -> None:
        self._keep = {_significant(number) for number in keep}
        self._key = key or secrets.token_bytes(16)
        self._held = ""

    def feed(self, text: str) -> str:
        """Masked text of all lines that are whole now; a number is never cut by a socket read."""
        self._held += text
        end = len(self._held) if len(self._held) > _LONGEST_LINE else self._held.rfind("\n") + 1
        whole, self._held = self._held[:end], self._held[end:]
        return self.mask(whole)

    def flush(self) -> str:
        """What is still held: the connection ended."""
        whole, self._held = self._held, ""
        return self.mask(whole)

    def mask(self, text: str) -> str:
        """One text, masked."""
        return _NUMBER.sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        number = found[0]
        if found["keep"] is not None or _significant(number) in self._keep:
            return number
        return number[:-_HIDDEN] + self._permute(number[-_HIDDEN:])

    def _permute(self, digits: str) -> str:
        """Another seven digits; different ones for different ones (a Feistel network)."""
        left, right = int(digits[:3]), int(digits[3:])
        for turn in range(_ROUNDS):
            if turn % 2:
                left = (left + self._draw(turn, right)) % 1000
            else:
                right = (right + self._draw(turn, left)) % 10000
        return f"{left:03}{right:04}"

    def _draw(self, turn: int, half: int) -> int:
        digest = hashlib.blake2s(f"{turn}:{half}".encode(), key=self._key, digest_size=4)
        return int.from_bytes(digest.digest(), "big")


class Capture:
    """Writes a stream file. Numbers are masked when a Masker is given. A context manager."""

    def __init__(self, path: Path, header: Header, masker: Masker | None = None) -> None:
        self._header = header
        self._masker = masker
        self._file = path.open("xb")
        self._file.write(header_line(header))

    def chunk(self, at: float, data: bytes) -> None:
        """One socket read at `at` (unix seconds). Raises OSError when it can't be written."""
        if self._masker is not None:
            text = self._masker.feed(data.decode("utf-8", "surrogateescape"))
            data = text.encode("utf-8", "surrogateescape")
        if data:
            self._file.write(chunk_line(self._header, at, data))

    def mark(self, at: float, mark: Mark) -> None:
        """The connection ended or began; what was held of a line is written first."""
        if self._masker is not None and (rest := self._masker.flush()):
            rest_bytes = rest.encode("utf-8", "surrogateescape")
            self._file.write(chunk_line(self._header, at, rest_bytes))
        self._file.write(mark_line(self._header, at, mark))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _significant(number: str) -> str:
    """What makes a number that number, with whatever prefix it is written."""
    return "".join(filter(str.isdigit, number))[-10:]
