"""The live stream of a daemon, connection after connection: what `calltrackd tail` listens to."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Literal, NamedTuple

import aiohttp
import msgspec

SILENCE_S = 25.0
"""The daemon gives a sign of life each 10 s; after this long without one the link is dead."""
PAUSES_S = (0.5, 1.0, 2.0, 3.0)
"""Between tries to connect; the last one for ever."""


Kind = Literal["connected", "away", "call", "links", "behind"]
_NEWS: dict[str, Kind] = {"call": "call", "links": "links", "behind": "behind"}


class Happening(NamedTuple):
    """An event of web/sse.py with its data; or the stream itself came or went."""

    kind: Kind
    data: Any = None
    """Decoded JSON; for `away`: why, one line."""


async def follow(url: str, silence_s: float = SILENCE_S) -> AsyncGenerator[Happening, None]:
    """All that happens at the daemon of `url` (http://host:port), for ever.

    A stream that breaks is `away` with the reason, and is sought again; after `connected` all
    calls in progress come anew. So do they after `behind`, for some were missed.
    """
    timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=silence_s)
    pauses = iter(PAUSES_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        while True:
            reason = "it has stopped"
            try:
                async with aclosing(_stream(http, f"{url}/v1/live")) as stream:
                    async for happening in stream:
                        pauses = iter(PAUSES_S)
                        yield happening
                        if happening.kind == "behind":
                            reason = ""
                            break
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = _reason(error)
            if reason:
                yield Happening("away", reason)
                await asyncio.sleep(next(pauses, PAUSES_S[-1]))


async def _stream(http: aiohttp.ClientSession, url: str) -> AsyncGenerator[Happening, None]:
    async with http.get(url) as response:
        response.raise_for_status()
        yield Happening("connected")
        rest = b""
        async for chunk in response.content.iter_any():
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                for happening in _parsed(block):
                    yield happening


def _parsed(block: bytes) -> Iterator[Happening]:
    """The event of one block; a comment or an event of a newer daemon is none."""
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
    kind = fields.get(b"event", b"").decode()
    if kind in _NEWS:
        yield Happening(_NEWS[kind], msgspec.json.decode(fields[b"data"]))


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"it answered {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return os.strerror(error.os_error.errno or errno.EHOSTUNREACH).lower()
    if isinstance(error, TimeoutError):
        return "no sign of life"
    return "the connection broke"
