"""What outlives a child process: at what it worked, since when, and what it said last.

Two anonymous files (memfd) that daemon and child share. The first holds one note: number of the
job, since when, how long that may take. The second is the child's standard error. So the reason of
a death is known without a race, and which of several jobs of that child was its cause.
"""

import os
import re
import struct
import time
from dataclasses import dataclass
from fcntl import F_GETFL, F_SETFL, fcntl

_NOTE = struct.Struct("<Qdd")
_TELLING = re.compile(r"ERROR|ASSERTION|FATAL|what\(\)|rror: |terminate called|Killed", re.ASCII)
_NOISE = re.compile(
    r"_handle|__del__|Exception ignored|^Traceback|^  File |^    |\[ Stack-Trace|^$"
)
_PLACE = re.compile(r"^\w+ \(VoskAPI[^)]*\)\s*")
MOST_LINES = 3
MOST_LETTERS = 400
TAIL_BYTES = 16 << 10


@dataclass(frozen=True)
class Note:
    """At what the child works. `since` on the machine's monotonic clock; `limit_s` 0: no limit."""

    number: int
    since: float
    limit_s: float


class Blackbox:
    """The two files, on either side."""

    def __init__(self, note: int, said: int) -> None:
        self.note_fd = note
        self.said_fd = said

    @classmethod
    def made(cls) -> "Blackbox":
        """New ones, for a child to be."""
        note, said = os.memfd_create("note"), os.memfd_create("said")
        os.pwrite(note, bytes(_NOTE.size), 0)
        fcntl(said, F_SETFL, fcntl(said, F_GETFL) | os.O_APPEND)
        return cls(note, said)

    def begin(self, number: int, limit_s: float) -> None:
        """The child works at this now; what was said before is of no interest any more."""
        os.ftruncate(self.said_fd, 0)
        os.pwrite(self.note_fd, _NOTE.pack(number, time.monotonic(), limit_s), 0)

    def rest(self) -> None:
        """The child works at nothing."""
        os.pwrite(self.note_fd, bytes(_NOTE.size), 0)

    def note(self) -> Note | None:
        """At what the child works, or worked when it died; None: nothing."""
        number, since, limit_s = _NOTE.unpack(os.pread(self.note_fd, _NOTE.size, 0))
        return Note(number, since, limit_s) if number else None

    def reason(self) -> str:
        """What the child said last that tells a reason; empty: nothing."""
        size = os.fstat(self.said_fd).st_size
        tail = os.pread(self.said_fd, TAIL_BYTES, max(0, size - TAIL_BYTES))
        return telling(tail.decode("utf-8", "replace"))

    def close(self) -> None:
        """Let go of both files."""
        os.close(self.note_fd)
        os.close(self.said_fd)


def telling(text: str) -> str:
    r"""The lines of a standard error that name a reason, else its last ones; one line.

    >>> telling("LOG (VoskAPI:x) loading\nERROR (VoskAPI:Model():model.cc:122) Folder is empty\n")
    'Folder is empty'
    """
    lines = [line.strip() for line in text.splitlines() if not _NOISE.search(line)]
    named = [line for line in lines if _TELLING.search(line)] or lines
    short = dict.fromkeys(_PLACE.sub("", line) for line in named[-MOST_LINES:])
    return "; ".join(short)[:MOST_LETTERS]
