"""What was recorded and said, brought to a finished call."""

import secrets
from pathlib import PurePath
from typing import Any

import structlog

from calltrackd.crm.bitrix24 import statistics, words
from calltrackd.crm.bitrix24.answers import mapping
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import NotYet
from calltrackd.model.call import Recording
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

MOST_BYTES = 64 << 20
SETTLE_S = 5.0
"""After the call's end the PBX may still be writing."""
PATIENCE_S = 600.0
"""A file that is not there so long after the call is not waited for."""
ATTACH = "telephony.externalCall.attachRecord"

_log = structlog.get_logger(__name__)


class Sound:
    """Raises Trouble."""

    def __init__(self, settings: Bitrix24Target, portal: Portal, tools: Tools) -> None:
        self._settings, self._portal, self._tools = settings, portal, tools

    async def attach(self, event: Event, desk: Desk) -> None:
        """The recording: an upload replaces the one before, so it may be repeated."""
        found = words.recording(event.record)
        if found is not None and self._settings.recordings:
            call_id = str(desk["call"])
            await desk.keep("recording", found.path, lambda: self._bring(event, call_id, found))

    async def transcribe(self, desk: Desk) -> None:
        """What was said, once: what a second time does, nobody has written down."""
        if "transcript" in desk or not self._settings.transcripts:
            return
        if said := words.messages(await desk.transcripts()):
            await desk.once("transcript", lambda: self._attach_said(str(desk["call"]), said))

    async def find_transcript(self, desk: Desk) -> str | None:
        """The transcript that the statistics show at the call."""
        row = await statistics.entry(self._portal, CALL_ID=str(desk["call"]))
        found = None if row is None else row.get("TRANSCRIPT_ID")
        return str(found) if found else None

    async def _attach_said(self, call_id: str, said: list[dict[str, Any]]) -> str:
        params = {"CALL_ID": call_id, "MESSAGES": said}
        result = await self._portal.call("telephony.call.attachTranscription", params)
        return str(mapping(result)["TRANSCRIPT_ID"])

    async def _bring(self, event: Event, call_id: str, found: Recording) -> None:
        """The file itself; where it can't be read, a link that the portal fetches."""
        since = self._tools.clock.now() - (event.record.ended_at or 0.0)
        if since < SETTLE_S:
            raise NotYet("the recording may still be written", after=SETTLE_S - since)
        if (content := await self._read(found.path)) is not None:
            name = event.record.id + PurePath(found.path).suffix.lower()
            await self._upload(call_id, name, content)
        elif (link := self._link(event, found.path)) is not None:
            await self._portal.call(ATTACH, {"CALL_ID": call_id, "RECORD_URL": link})
        elif self._tools.files is not None and since < PATIENCE_S:
            raise NotYet("the recording is not there yet")
        else:
            _log.warning("bitrix24.no_recording", call=event.record.id, path=found.path)

    async def _read(self, path: str) -> bytes | None:
        files = self._tools.files
        return None if files is None else await files.read(path, MOST_BYTES)

    def _link(self, event: Event, path: str) -> str | None:
        links = self._tools.recordings
        return None if links is None else links.link(event.record.id, path)

    async def _upload(self, call_id: str, name: str, content: bytes) -> None:
        result = mapping(await self._portal.call(ATTACH, {"CALL_ID": call_id, "FILENAME": name}))
        boundary = secrets.token_hex(16)
        body = words.multipart(str(result["fieldName"]), name, content, boundary)
        kind = f"multipart/form-data; boundary={boundary}"
        await self._portal.upload(str(result["uploadUrl"]), kind, body)
