"""Recordings by signed links."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from calltrackd.crm.links import Links
from calltrackd.model.call import Recording
from calltrackd.speech.audio.paths import Finder
from calltrackd.store.engine import Store
from calltrackd.web.app import listening, outside_application
from calltrackd.web.recordings import Recordings
from tests.store.build import record, save

SOUND = bytes(range(256)) * 4


class Archive:
    """A call with a recording, served."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.now = 1000.0
        self.links = Links(b"k" * 32, "https://calls.example", clock=lambda: self.now)
        finder = Finder([folder / "rec"], {"/pbx": f"{folder}/rec"})
        self.pages = Recordings(store, self.links, lambda: finder)
        self.url = ""
        self.session: aiohttp.ClientSession

    async def recorded(self, path: str) -> str:
        """A link to a recording that a call's record names so."""
        await save(self.store, record(recordings=[Recording(path, "both", 0.0)]))
        link = self.links.link(record().id, path)
        assert link is not None
        parts = urlsplit(link)
        return f"{self.url}{parts.path}?{parts.query}"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    """On a port and a store of its own."""
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec/a.wav").write_bytes(SOUND)
    (tmp_path / "secret.wav").write_bytes(b"not yours")
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    house = Archive(store, tmp_path)
    async with listening(outside_application([house.pages]), "127.0.0.1", 0) as port:
        house.url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as house.session:
            yield house
    await store.close()


async def test_link_plays_the_file(archive: Archive) -> None:
    """Under its type, not to be kept by proxies, found by the PBX's own path."""
    async with archive.session.get(await archive.recorded("/pbx/a.wav")) as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        assert await answer.read() == SOUND
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_player_may_ask_for_a_part(archive: Archive) -> None:
    """206 with just the bytes that were asked for."""
    url = await archive.recorded("/pbx/a.wav")
    async with archive.session.get(url, headers={"Range": "bytes=10-19"}) as answer:
        assert (answer.status, await answer.read()) == (206, SOUND[10:20])
        assert answer.headers["Content-Range"] == f"bytes 10-19/{len(SOUND)}"
    async with archive.session.head(url) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(SOUND)))


async def test_link_that_was_changed_opens_nothing(archive: Archive) -> None:
    """A 403, whether or not there is such a call."""
    url = await archive.recorded("/pbx/a.wav")
    for changed in (url[:-1], url.replace("exp=", "exp=1"), url.partition("?")[0]):
        async with archive.session.get(changed) as answer:
            assert answer.status == 403


async def test_link_ends_with_its_time(archive: Archive) -> None:
    """410: it was good once."""
    url = await archive.recorded("/pbx/a.wav")
    archive.now += 366 * 86_400
    async with archive.session.get(url) as answer:
        assert answer.status == 410


@pytest.mark.parametrize(
    "path", ["/pbx/../secret.wav", "/pbx/gone.wav", "/pbx/link.wav", "/etc/hostname", "/pbx"]
)
async def test_nothing_outside_the_folders_is_served(archive: Archive, path: str) -> None:
    """Not by `..`, not by a link in the folder, not by what a record says."""
    (archive.folder / "rec/link.wav").symlink_to(archive.folder / "secret.wav")
    async with archive.session.get(await archive.recorded(path)) as answer:
        assert answer.status == 404
        assert b"not yours" not in await answer.read()


async def test_forgotten_call_has_no_recording(archive: Archive) -> None:
    """A link outlives its call, the answer does not."""
    link = archive.links.link("01a2efe9-9992-7000-8000-000000000000", "/pbx/a.wav")
    assert link is not None
    parts = urlsplit(link)
    async with archive.session.get(f"{archive.url}{parts.path}?{parts.query}") as answer:
        assert answer.status == 404
