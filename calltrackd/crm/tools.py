"""What the house lends to a connector."""

from typing import Protocol

import msgspec

from calltrackd.crm.books import Books
from calltrackd.crm.clock import Clock


class RecordingLinks(Protocol):
    """Links under which a CRM and its users can hear a recording."""

    def link(self, call_id: str, path: str) -> str | None:
        """A signed link that expires; None where this machine has no public address."""


class RecordingFiles(Protocol):
    """Recordings as this machine can read them."""

    async def read(self, path: str, most_bytes: int) -> bytes | None:
        """The file behind the record's path.

        None: it is not there (yet), lies outside the folders of recordings, or is longer.
        """


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Memory, time, and what others of the house know."""

    books: Books
    clock: Clock
    recordings: RecordingLinks | None = None
    """None: no public address is set; upload the file, or leave recordings out."""
    files: RecordingFiles | None = None
    """None: this machine reads no recordings; a link is all there can be."""

    @property
    def links(self) -> bool:
        """Whether recordings have addresses that others can open."""
        return self.recordings is not None and self.recordings.link("any", "any") is not None
