"""Recordings lent to connectors that upload them."""

import asyncio
from collections.abc import Callable

from calltrackd.settings import Settings
from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.finished import finder_of


class LentRecordings:
    """The crm's `RecordingFiles`, in the folders that the settings of the moment name."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    async def read(self, path: str, most_bytes: int) -> bytes | None:
        """The file behind the record's path; None: not there, outside the folders, or longer."""
        return await asyncio.to_thread(self._read, path, most_bytes)

    def _read(self, path: str, most_bytes: int) -> bytes | None:
        try:
            with finder_of(self._settings()).find(path).open("rb") as file:
                found = file.read(most_bytes + 1)
        except (OutsideError, OSError):
            return None
        return found if len(found) <= most_bytes else None
