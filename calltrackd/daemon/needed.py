"""From which number on a journal is needed: noted beside it, for the start after a crash.

The store knows where published calls began. What was not published yet (a phone that dials, half a
message at the end of a chunk) only the street knows. Its bound only grows, so one that was noted a
while ago is a safe one: a little more is read again.
"""

from pathlib import Path

import structlog

NAME = "needed-from"

_log = structlog.get_logger(__name__)


class NeededFrom:
    """The note in a journal's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._written: int | None = None
        self._said = ""

    def read(self) -> int | None:
        """The number; None when there is no note, or none that can be read."""
        try:
            return int(self._path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("journal.note_unusable", path=self._path, error=str(error))
            return None

    def write(self, seq: int) -> None:
        """Note the number. What the disk has no room for stays as it was: that is as safe."""
        if seq == self._written:
            return
        unfinished = self._path.with_suffix(".tmp")
        try:
            unfinished.write_text(f"{seq}\n")
            unfinished.replace(self._path)
        except OSError as error:
            if str(error) != self._said:
                _log.warning("journal.note_unwritten", path=self._path, error=str(error))
            self._said = str(error)
        else:
            self._written = seq
