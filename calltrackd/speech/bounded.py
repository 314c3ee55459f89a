"""Bodies of HTTP answers that a stranger's server can't make endless."""

import aiohttp

from calltrackd.speech.errors import RefusedError


async def body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body. RefusedError: it is longer than `most` bytes."""
    whole = bytearray()
    async for piece in answer.content.iter_any():
        whole += piece
        if len(whole) > most:
            raise RefusedError(f"{answer.url.host} answers more than {most} bytes")
    return bytes(whole)
