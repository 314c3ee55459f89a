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
from calltrackd.crm.recording import Recordings
from calltrackd.crm.tools import Tools
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

MOST_BYTES = 64 << 20
ATTACH = "telephony.externalCall.attachRecord"

_log = structlog.get_logger(__name__)


class Sound:
    """Raises Trouble."""

    def __init__(self, settings: Bitrix24Target, portal: Portal, tools: Tools) -> None:
        self._settings, self._portal = settings, portal
        self._recordings = Recordings(tools, MOST_BYTES)

    async def attach(self, event: Event, desk: Desk) -> None:
        """The recording: an upload replaces the one before, so it may be repeated."""
        found = words.recording(event.record)
        if found is not None and self._settings.recordings:
            call_id = str(desk["call"])
            await desk.keep(
                "recording", found.path, lambda: self._bring(event, call_id, found.path)
            )

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

    async def _bring(self, event: Event, call_id: str, path: str) -> None:
        """The file itself; where it can't be read, a link that the portal fetches."""
        found = await self._recordings.found(event.record, path)
        if isinstance(found, bytes):
            name = event.record.id + PurePath(path).suffix.lower()
            await self._upload(call_id, name, found)
        elif found is not None:
            await self._portal.call(ATTACH, {"CALL_ID": call_id, "RECORD_URL": found})
        else:
            _log.warning("bitrix24.no_recording", call=event.record.id, path=path)

    async def _upload(self, call_id: str, name: str, content: bytes) -> None:
        result = mapping(await self._portal.call(ATTACH, {"CALL_ID": call_id, "FILENAME": name}))
        boundary = secrets.token_hex(16)
        body = words.multipart(str(result["fieldName"]), name, content, boundary)
        kind = f"multipart/form-data; boundary={boundary}"
        await self._portal.upload(str(result["uploadUrl"]), kind, body)
