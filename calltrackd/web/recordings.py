"""`GET /v1/recordings/CALL/NAME?exp=...&sig=...`: a recording by its signed link.

The signature is looked at before anything else, so a stranger learns nothing, not even which calls
there are. The file is looked up by the call's record and opened only inside the folders of the
settings, whatever the record or a link in the folder says. Ranges and HEAD as players want them.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from calltrackd.crm.links import PATH, Links, name_of
from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.audio.paths import Finder
from calltrackd.store import calls
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreError
from calltrackd.web.answers import error

TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".gsm": "audio/x-gsm",
    ".m4a": "audio/mp4",
}
OTHER_TYPE = "application/octet-stream"


class Recordings:
    """`finder()`: where recordings may be read, as the settings are now."""

    def __init__(self, store: Store, links: Links, finder: Callable[[], Finder]) -> None:
        self._store = store
        self._links = links
        self._finder = finder

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Its address."""
        router.add_get(PATH + "/{call}/{name}", self.get)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The file, or why not."""
        call, name = request.match_info["call"], request.match_info["name"]
        asked = request.query
        verdict = self._links.judge(call, name, asked.get("exp", ""), asked.get("sig", ""))
        if verdict == "forged":
            return error(403, "the link is not one of ours")
        if verdict == "expired":
            return error(410, "the link was good for a time, which is over")
        try:
            found = await self._file(call, name)
        except StoreError:
            return error(503, "the store is away", {"Retry-After": "5"})
        if found is None:
            return error(404, "there is no such recording any more")
        return _served(found)

    async def _file(self, call: str, name: str) -> Path | None:
        async with self._store.read() as conn:
            record = await calls.get(conn, call)
        known = [] if record is None else [one.path for one in record.recordings]
        path = next((path for path in known if name_of(path) == name), None)
        return None if path is None else await asyncio.to_thread(_found, self._finder(), path)


def _found(finder: Finder, path: str) -> Path | None:
    try:
        place = finder.find(path)
    except OutsideError:
        return None
    return place if place.is_file() else None


def _served(path: Path) -> web.FileResponse:
    kind = TYPES.get(path.suffix.lower(), OTHER_TYPE)
    return web.FileResponse(
        path,
        headers={
            "Content-Type": kind,
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "inline",
            "Referrer-Policy": "no-referrer",
        },
    )
