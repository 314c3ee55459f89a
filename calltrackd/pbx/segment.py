"""One file of a journal: plain while it grows, packed when it is done."""

import gzip
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from calltrackd.pbx.stream import Stream, StreamError

PLAIN = ".jsonl"
PACKED = ".jsonl.gz"
_UNFINISHED = ".tmp"
_ASIDE = ".damaged"
_LEVEL = 5
"""Of gzip: 15 times smaller at 90 MB/s; higher levels cost thrice the time for 3 %."""


class Segment(msgspec.Struct):
    """A segment on disk. `size`: bytes; `last_at`: unix seconds of its last line."""

    first: int
    path: Path
    size: int
    last_at: float

    @property
    def is_plain(self) -> bool:
        """Not packed (yet)."""
        return self.path.suffix != ".gz"

    def stream(self, on_damage: Callable[[StreamError], None]) -> Stream:
        """Its chunks. StreamError when not even its header can be read."""
        return Stream(self.path, on_damage)

    def mend(self) -> int:
        """Cut off a last line that was never written whole. Returns how many were (0 or 1)."""
        text = self.path.read_bytes()
        good = text.rfind(b"\n") + 1
        if good < len(text):
            os.truncate(self.path, good)
        self.size = good
        return int(good < len(text))

    def put_aside(self) -> int:
        """Take an unreadable file out of the journal, keep it for a person; its lines' number."""
        lines = self.path.read_bytes().count(b"\n")
        self.path.rename(self.path.with_name(self.path.name + _ASIDE))
        return lines

    def pack(self, mutex: threading.Lock) -> None:
        """Replace the plain file by a packed one; at no moment is there none. Raises OSError."""
        packed = self.path.with_name(self.path.name + ".gz")
        unfinished = packed.with_name(packed.name + _UNFINISHED)
        try:
            with self.path.open("rb") as plain, unfinished.open("wb") as file:
                with gzip.GzipFile("", "wb", _LEVEL, file, mtime=self.last_at) as zipped:
                    shutil.copyfileobj(plain, zipped, 1 << 18)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        os.utime(unfinished, (self.last_at, self.last_at))
        unfinished.rename(packed)
        plain_path = self.path
        with mutex:
            self.path, self.size = packed, packed.stat().st_size
        plain_path.unlink()


def found_in(folder: Path) -> list[Segment]:
    """The segments of a folder, oldest first; leftovers of a killed packer are removed."""
    for unfinished in folder.glob(f"*{_UNFINISHED}"):
        unfinished.unlink()
    for packed in folder.glob(f"*{PACKED}"):
        packed.with_suffix("").unlink(missing_ok=True)
    paths = [*folder.glob(f"*{PLAIN}"), *folder.glob(f"*{PACKED}")]
    found = [_segment(path) for path in paths if path.name.split(".")[0].isdigit()]
    return sorted(found, key=lambda segment: segment.first)


def write_all(fd: int, data: bytes) -> int:
    """Write all of it; the number of bytes. Raises OSError with a part perhaps written."""
    written = 0
    while written < len(data):
        written += os.write(fd, data[written:])
    return written


def _segment(path: Path) -> Segment:
    stat = path.stat()
    return Segment(int(path.name.split(".")[0]), path, size=stat.st_size, last_at=stat.st_mtime)
