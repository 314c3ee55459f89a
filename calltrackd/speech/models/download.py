"""A file over HTTP: goes on where it was cut off; in the end whole and right, or not there."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aiohttp

from calltrackd.speech.errors import RefusedError, UnavailableError

TRIES = 5
PIECE_BYTES = 1 << 18
SILENCE_S = 30.0
"""Seconds without a byte after which a connection is given up."""
Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and those of the whole file, when they are known."""


class Checksum(NamedTuple):
    """What the file must be. `kind`: sha256 or md5."""

    kind: str
    value: str

    def must_fit(self, file: Path) -> None:
        """RefusedError, and the file is gone, when it is another."""
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, self.kind).hexdigest()
        if digest != self.value.lower():
            file.unlink()
            raise RefusedError(
                f"{file.name} has the {self.kind} {digest}, not {self.value}: it was thrown away"
            )


async def download(
    client: aiohttp.ClientSession, url: str, part: Path, checksum: Checksum, progress: Progress
) -> None:
    """Fill `part` with the file at `url`; what is there already is kept and gone on with.

    RefusedError: the server has no such file, or it is not what it should be. UnavailableError:
    the connection broke TRIES times without a byte; call again later.
    """
    tries = 0
    while True:
        before = _size(part)
        try:
            await _go_on(client, url, part, progress)
            break
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            tries = 0 if _size(part) > before else tries + 1
            if tries >= TRIES:
                raise UnavailableError(f"{url} can't be fetched: {_why(error)}") from None
            await asyncio.sleep(min(2**tries, 10) * 0.1)
    checksum.must_fit(part)
    _tag(part).unlink(missing_ok=True)


async def _go_on(client: aiohttp.ClientSession, url: str, part: Path, progress: Progress) -> None:
    here, tag = _size(part), _tag(part)
    headers = {"Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
        if tag.exists():
            headers["If-Range"] = tag.read_text("ascii")
    limit = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S)
    async with client.get(url, headers=headers, timeout=limit) as answer:
        if answer.status == 416:  # nothing is left: the file is here, or another
            return
        _must_be_file(url, answer)
        if answer.status != 206:  # Partial Content; else it begins anew
            here = 0
        tag.write_text(answer.headers.get("ETag", ""), "ascii", "ignore")
        if not answer.headers.get("ETag", "").startswith('"'):
            tag.unlink()  # a weak tag, or none: the checksum judges
        await _write(answer, part, here, progress)


def _must_be_file(url: str, answer: aiohttp.ClientResponse) -> None:
    if answer.status >= 500 or answer.status == 429:  # the server's own trouble
        raise aiohttp.ClientError(f"it answers {answer.status}")
    if answer.status not in (200, 206):
        raise RefusedError(f"{url}: the server answers {answer.status} {answer.reason}")


async def _write(answer: aiohttp.ClientResponse, part: Path, here: int, progress: Progress) -> None:
    whole = None if answer.content_length is None else here + answer.content_length
    with part.open("r+b" if here else "wb") as file:
        file.seek(here)
        file.truncate()
        progress(here, whole)
        async for piece in answer.content.iter_chunked(PIECE_BYTES):
            file.write(piece)
            here += len(piece)
            progress(here, whole)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _tag(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
