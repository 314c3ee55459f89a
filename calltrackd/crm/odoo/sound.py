"""Recordings of a call: attachments of its document, shown under the call's message."""

import asyncio
from base64 import b64encode
from functools import partial
from pathlib import PurePath
from typing import Any

import structlog

from calltrackd.crm.desk import Desk
from calltrackd.crm.links import name_of
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.odoo.clients import moment
from calltrackd.crm.odoo.place import Place
from calltrackd.crm.recording import Recordings
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import Permanent
from calltrackd.model.call import CallRecord
from calltrackd.settings.crm import OdooTarget

MOST_BYTES = 32 << 20
"""Odoo takes requests of 128 MiB; in this one a file is text, a third longer than itself."""
TOO_LARGE = 413
"""A proxy before Odoo may take less."""

_log = structlog.get_logger(__name__)


class Sound:
    """Brings each recording once: as a file, or as a link where that is too long or not here."""

    def __init__(self, settings: OdooTarget, api: Api, tools: Tools) -> None:
        self._settings, self._api = settings, api
        self._recordings = Recordings(tools, MOST_BYTES)
        self._one_file = asyncio.Lock()

    async def bring(self, place: Place, message: int, record: CallRecord, desk: Desk) -> None:
        """Under the message; it is none where somebody deleted the document. Raises Trouble."""
        if not self._settings.recordings or not message:
            return
        found = []
        for one in record.recordings:
            bring = partial(self._brought, place, record, one.path)
            attachment = await desk.safe(name_of(one.path), bring)
            found += [attachment] if attachment else []
        if found:
            shown = {"attachment_ids": [[4, attachment] for attachment in found]}
            await desk.keep("shown", found, lambda: self._api.write("mail.message", message, shown))

    async def _brought(self, place: Place, record: CallRecord, path: str) -> int | None:
        """The attachment's id; None: there is nothing to bring. One file is in memory at a time."""
        async with self._one_file:
            found = await self._recordings.found(record, path)
            if isinstance(found, bytes):
                try:
                    return await self._upload(place, record, path, found)
                except Permanent as refused:
                    if refused.status != TOO_LARGE:
                        raise
                    found = self._recordings.link(record, path)
        if found is None:
            _log.warning("odoo.no_recording", call=record.id, path=path)
            return None
        return await self._attachment(place, record, path, {"type": "url", "url": found})

    async def _upload(self, place: Place, record: CallRecord, path: str, content: bytes) -> int:
        """A link whose answer was lost may be there: Odoo refuses files that still have a `url`."""
        values = {"type": "binary", "url": None, "datas": b64encode(content).decode()}
        limit = self._settings.limit_time_s
        return await self._attachment(place, record, path, values, answer_s=limit)

    async def _attachment(
        self, place: Place, record: CallRecord, path: str, values: dict[str, Any], **more: Any
    ) -> int:
        """Under an external id of its own, so the same again is the same attachment."""
        name = f"recording {moment(record.started_at)} {name_of(path)}"
        return await self._api.load(
            "ir.attachment",
            f"recording_{record.id}_{name_of(path)}",
            {
                "name": name + PurePath(path).suffix.lower(),
                "res_model": place.model,
                "res_id": place.id,
                **values,
            },
            **more,
        )
