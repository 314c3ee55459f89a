"""A model from a server that does what servers do."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from calltrackd.speech.errors import RefusedError, UnavailableError
from calltrackd.speech.models import fetch as module
from calltrackd.speech.models.catalogue import MODELS, Model, found
from calltrackd.speech.models.fetch import fetch
from calltrackd.speech.models.folder import look
from tests.speech import given
from tests.speech.engines.conftest import CACHE
from tests.speech.engines.voskserver import served

NAME = "vosk-model-small-xx-0.1"


def archive(root: str = NAME, extra: dict[str, bytes] | None = None) -> bytes:
    """The fixture model as the site packs models."""
    source = given.model("en", CACHE)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            zipped.write(file, f"{root}/{file.relative_to(source)}")
        for name, content in (extra or {}).items():
            zipped.writestr(name, content)
    return out.getvalue()


class Site:
    """`cut`: bytes after which each of so many answers breaks off."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"one"'
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.knows_ranges = True

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """The model."""
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        same = request.headers.get("If-Range", self.etag) == self.etag
        start = int(asked[6:-1]) if asked and same and self.knows_ranges else 0
        if start >= len(self.content):
            return web.Response(status=416)
        rest = self.content[start:]
        answer = web.StreamResponse(status=206 if start else 200, headers={"ETag": self.etag})
        answer.content_length = len(rest)
        await answer.prepare(request)
        cut = self.cuts.pop(0) if self.cuts else len(rest)
        await answer.write(rest[:cut])
        if cut < len(rest):
            assert request.transport is not None
            request.transport.abort()
        return answer

    async def list(self, request: web.Request) -> web.Response:
        """The site's own list."""
        return web.json_response([{"name": NAME, "md5": self.md5, "lang": "xx"}])

    def app(self) -> web.Application:
        """All of it."""
        app = web.Application()
        app.router.add_get(f"/{NAME}.zip", self.archive)
        app.router.add_get("/model-list.json", self.list)
        return app


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str]]:
    """The site and its address."""
    site = Site(archive())
    async with served(site.app()) as address:
        yield site, f"http://{address}"


def model(sha256: str | None = None) -> Model:
    """The one that the site has."""
    return Model("xx", NAME, 1_000_000, "small", sha256=sha256)


class Bar:
    """What a bar of progress is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int | None]] = []

    def __call__(self, here: int, whole: int | None) -> None:
        self.told.append((here, whole))


async def test_model_comes_whole(site: tuple[Site, str], tmp_path: Path) -> None:
    """Unpacked at its place, nothing else left, progress told to the end."""
    bar = Bar()
    home = await fetch(model(), tmp_path / "models", bar, site[1])
    assert home == tmp_path / "models" / NAME
    assert look(home).sample_rate == 16_000
    assert [path.name for path in (tmp_path / "models" / ".fetch").iterdir()] == []
    size = len(site[0].content)
    assert bar.told[0] == (0, size)
    assert bar.told[-1] == (size, size)


async def test_broken_connection_goes_on_where_it_broke(
    site: tuple[Site, str], tmp_path: Path
) -> None:
    """By Range, within one call."""
    site[0].cuts = [300_000, 300_000]
    await fetch(model(), tmp_path, Bar(), site[1])
    assert site[0].ranges[0] is None
    assert all(asked is not None for asked in site[0].ranges[1:])
    assert len(site[0].ranges) == 3


async def test_part_of_an_earlier_call_is_gone_on_with(
    site: tuple[Site, str], tmp_path: Path
) -> None:
    """An interrupted fetch costs nothing twice."""
    part = tmp_path / ".fetch" / f"{NAME}.zip.part"
    part.parent.mkdir()
    part.write_bytes(site[0].content[:500_000])
    part.with_name(part.name + ".etag").write_text('"one"')
    bar = Bar()
    await fetch(model(), tmp_path, bar, site[1])
    assert site[0].ranges == ["bytes=500000-"]
    assert bar.told[0][0] == 500_000


@pytest.mark.parametrize("knows_ranges", [True, False])
async def test_part_of_another_file_is_not_mixed_in(
    site: tuple[Site, str], tmp_path: Path, *, knows_ranges: bool
) -> None:
    """The site has a new archive, or answers with the whole file."""
    site[0].knows_ranges = knows_ranges
    part = tmp_path / ".fetch" / f"{NAME}.zip.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 500_000)
    part.with_name(part.name + ".etag").write_text('"older"')
    assert look(await fetch(model(), tmp_path, Bar(), site[1]))


async def test_part_that_is_whole_is_only_checked(site: tuple[Site, str], tmp_path: Path) -> None:
    """The server says 416: nothing is left."""
    part = tmp_path / ".fetch" / f"{NAME}.zip.part"
    part.parent.mkdir()
    part.write_bytes(site[0].content)
    assert look(await fetch(model(), tmp_path, Bar(), site[1]))


async def test_wrong_checksum_throws_the_file_away(site: tuple[Site, str], tmp_path: Path) -> None:
    """Pinned, or of the site's list; nothing is unpacked."""
    with pytest.raises(RefusedError, match=r"sha256 .*, not 00"):
        await fetch(model("00" * 32), tmp_path, Bar(), site[1])
    site[0].md5 = "11" * 16
    with pytest.raises(RefusedError, match="md5"):
        await fetch(model(), tmp_path, Bar(), site[1])
    assert [path.name for path in tmp_path.iterdir()] == [".fetch"]  # noqa: ASYNC240 - a test
    assert not list((tmp_path / ".fetch").glob("*.part"))


async def test_pinned_checksum_needs_no_list(site: tuple[Site, str], tmp_path: Path) -> None:
    """It is stronger than the site's own."""
    right = hashlib.sha256(site[0].content).hexdigest()
    site[0].md5 = "11" * 16
    assert look(await fetch(model(right), tmp_path, Bar(), site[1]))


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
async def test_archive_that_leads_outside_is_refused(
    site: tuple[Site, str], tmp_path: Path, name: str
) -> None:
    """Though its checksum fits."""
    site[0].content = archive(extra={name: b"x"})
    site[0].md5 = hashlib.md5(site[0].content, usedforsecurity=False).hexdigest()
    with pytest.raises(RefusedError, match="leads outside"):
        await fetch(model(), tmp_path / "models", Bar(), site[1])
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", [b"no archive", None])
async def test_archive_without_a_model_is_refused(
    site: tuple[Site, str], tmp_path: Path, content: bytes | None
) -> None:
    """No half of it is left in the models' folder."""
    if content is None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as zipped:
            zipped.writestr(f"{NAME}/README", "no model")
        content = out.getvalue()
    site[0].content = content
    site[0].md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with pytest.raises(RefusedError):
        await fetch(model(), tmp_path, Bar(), site[1])
    assert not (tmp_path / NAME).exists()


async def test_site_that_is_away_or_has_no_such_model(tmp_path: Path) -> None:
    """Told apart: later, and never."""
    with pytest.raises(UnavailableError, match="can't be fetched"):
        await fetch(model(), tmp_path, Bar(), "http://127.0.0.1:9")
    async with served(web.Application()) as address:
        with pytest.raises(RefusedError, match="the server answers 404"):
            await fetch(model("00" * 32), tmp_path, Bar(), f"http://{address}")


async def test_disk_without_room_is_told_before(
    site: tuple[Site, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte is fetched."""
    monkeypatch.setattr(module, "SPARE_BYTES", 1 << 60)
    with pytest.raises(RefusedError, match="MB left"):
        await fetch(model(), tmp_path, Bar(), site[1])
    assert site[0].ranges == []


async def test_model_that_is_here_is_not_fetched_again(
    site: tuple[Site, str], tmp_path: Path
) -> None:
    """The site may even be away."""
    home = await fetch(model(), tmp_path, Bar(), site[1])
    assert await fetch(model(), tmp_path, Bar(), "http://127.0.0.1:9") == home


def test_catalogue_is_sound() -> None:
    """Languages that the project promises, names once, checksums well-formed."""
    assert {"ru", "uk", "kk", "en"} <= {one.language for one in MODELS}
    assert len({one.name for one in MODELS}) == len(MODELS)
    assert all(one.sha256 is None or len(bytes.fromhex(one.sha256)) == 32 for one in MODELS)
    assert found("kk") == found("vosk-model-small-kz-0.15")
    assert found("klingon") is None
    assert json.dumps([one.name for one in MODELS])
