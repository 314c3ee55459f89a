"""A model from the site into the model folder: fetched, checked, unpacked; there whole or not."""

import shutil
import stat
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

import aiohttp
import msgspec

from calltrackd.speech.bounded import body
from calltrackd.speech.errors import RefusedError, UnavailableError
from calltrackd.speech.models.catalogue import LIST, SITE, Model
from calltrackd.speech.models.download import Checksum, Progress, download
from calltrackd.speech.models.folder import look

SPARE_BYTES = 64 << 20
"""What must be left on the disk."""
MOST_LIST_BYTES = 4 << 20


class _Listed(msgspec.Struct):
    name: str
    md5: str


async def fetch(model: Model, folder: Path, progress: Progress, site: str = SITE) -> Path:
    """The model's folder below `folder`. Broken off, it goes on at the next call.

    RefusedError: no such file, another checksum, no model in it, no room. UnavailableError: the
    site can't be reached.
    """
    home = folder / model.name
    if home.exists():
        look(home)
        return home
    work = folder / ".fetch"
    work.mkdir(parents=True, exist_ok=True)
    part = work / f"{model.name}.zip.part"
    _must_fit(model.bytes, folder)
    async with aiohttp.ClientSession(trust_env=True) as client:
        checksum = await _checksum(client, model, site)
        await download(client, f"{site}/{model.name}.zip", part, checksum, progress)
    _unpacked(part, work / model.name, model.name).rename(home)
    shutil.rmtree(work / model.name, ignore_errors=True)
    part.unlink()
    return home


async def _checksum(client: aiohttp.ClientSession, model: Model, site: str) -> Checksum:
    if model.sha256 is not None:
        return Checksum("sha256", model.sha256)
    listed = await _list(client, f"{site}/{LIST}")
    md5 = next((one.md5 for one in listed if one.name == model.name), None)
    if not md5:
        raise RefusedError(f"{site}/{LIST} has no checksum of {model.name}: fetch it by hand")
    return Checksum("md5", md5)


async def _list(client: aiohttp.ClientSession, url: str) -> list[_Listed]:
    try:
        async with client.get(url, timeout=aiohttp.ClientTimeout(30)) as answer:
            answer.raise_for_status()
            listed = await body(answer, MOST_LIST_BYTES)
        return msgspec.json.decode(listed, type=list[_Listed])
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnavailableError(f"{url} can't be fetched: {error or 'no answer'}") from None
    except msgspec.DecodeError as error:
        raise RefusedError(f"{url} is no list of models: {error}") from None


def _unpacked(archive: Path, into: Path, name: str) -> Path:
    """The model's folder inside `into`. RefusedError: no archive, or no model in it."""
    shutil.rmtree(into, ignore_errors=True)
    try:
        with ZipFile(archive) as zipped:
            members = zipped.infolist()
            for member in members:
                _must_be_tame(member, name)
            _must_fit(sum(member.file_size for member in members), archive.parent)
            zipped.extractall(into)
    except BadZipFile as error:
        archive.unlink()
        raise RefusedError(f"{name}.zip is no archive: {error}") from None
    inside = list(into.iterdir())
    root = inside[0] if len(inside) == 1 and inside[0].is_dir() else into
    look(root)
    return root


def _must_be_tame(member: ZipInfo, name: str) -> None:
    path = PurePosixPath(member.filename)
    link = stat.S_ISLNK(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or link or "\\" in member.filename:
        raise RefusedError(f"{name}.zip holds {member.filename!r}, which leads outside")


def _must_fit(size: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size + SPARE_BYTES > free:
        raise RefusedError(
            f"{folder} has {free >> 20} MB left, {size + SPARE_BYTES >> 20} are needed"
        )
