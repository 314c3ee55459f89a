"""A recording as a connector can bring it: the file itself, or where it can't be read a link."""

from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import NotYet
from calltrackd.model.call import CallRecord

SETTLE_S = 5.0
"""After the call's end the PBX may still be writing."""
PATIENCE_S = 600.0
"""A file that is not there so long after the call is not waited for."""


class Recordings:
    """Recordings of ended calls; no file of more than `most_bytes` is read."""

    def __init__(self, tools: Tools, most_bytes: int) -> None:
        self._tools, self._most_bytes = tools, most_bytes

    async def found(self, record: CallRecord, path: str) -> bytes | str | None:
        """The file, else a link to it; None: there is neither, and there won't be.

        Raises NotYet while it may still be written, or may still come.
        """
        since = self._tools.clock.now() - (record.ended_at or 0.0)
        if since < SETTLE_S:
            raise NotYet("the recording may still be written", after=SETTLE_S - since)
        files = self._tools.files
        if files is not None and (content := await files.read(path, self._most_bytes)) is not None:
            return content
        if (link := self.link(record, path)) is not None:
            return link
        if files is not None and since < PATIENCE_S:
            raise NotYet("the recording is not there yet")
        return None

    def link(self, record: CallRecord, path: str) -> str | None:
        """A link under which it can be heard; None: nobody outside can reach us."""
        links = self._tools.recordings
        return None if links is None else links.link(record.id, path)
