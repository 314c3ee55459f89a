"""Connections to targets, and the words for what goes wrong on them.

Connections are the costly part, so a target's are reused; nothing is followed, decompressed,
remembered as a cookie or taken from proxy variables. Reasons name the place only, never a secret.
"""

import os
import ssl
from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractResolver

from calltrackd.crm.addresses import GuardedResolver, PrivateAddressError

KEEP_S = 30.0
"""An idle connection is kept for so long."""
USER_AGENT = "calltrackd"
_SKIPPED = ("Accept", "Accept-Encoding")
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "no connection to {where} within {connect:g} s"),
    (TimeoutError, "no answer from {where} within {answer:g} s"),
    (aiohttp.ClientConnectorCertificateError, "the certificate of {where} is not trusted"),
    (aiohttp.ClientConnectorDNSError, "the name of {where} does not resolve"),
    (aiohttp.ClientConnectorError, "cannot connect to {where}: {why}"),
    (aiohttp.ClientConnectionError, "{where} closed the connection before it answered"),
)
"""The first that fits; a more special error stands above its parent."""

HTTP_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
"""What a request may raise."""


def trust(ca_file: str | None) -> ssl.SSLContext | bool:
    """The system's authorities, and those of `ca_file` (PEM) beside them. Raises OSError."""
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    return context


def opened(
    *,
    trusted: ssl.SSLContext | bool,
    allow_private: bool,
    connect_s: float,
    answer_s: float,
    headers: Mapping[str, str],
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """A session to one target. `answer_s`: for the whole request, connecting included."""
    connector = aiohttp.TCPConnector(
        limit=0,  # the lane limits, and knows why it waits
        keepalive_timeout=KEEP_S,
        resolver=resolver if allow_private else GuardedResolver(resolver),
        ssl=trusted,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": USER_AGENT, **headers},
        timeout=aiohttp.ClientTimeout(total=answer_s, connect=connect_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_SKIPPED,
        auto_decompress=False,
        trust_env=False,
    )
    # aiohttp sends a GET or PUT again by itself when the connection was cut: past every limit.
    session._retry_connection = False  # noqa: SLF001 - as its own TestClient does; no other way
    return session


def refused_inside(error: Exception) -> PrivateAddressError | None:
    """The name led to a private address, which the target does not allow."""
    cause = getattr(error, "os_error", None)
    return cause if isinstance(cause, PrivateAddressError) else None


def was_sent(error: Exception) -> bool:
    """Whether bytes may have gone out: before the first one a failure is a plain one."""
    return not isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError)


def was_cut(error: Exception) -> bool:
    """The connection ended before an answer; a kept one is, when the other side was tired of it."""
    return was_sent(error) and isinstance(
        error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
    )


def reason_of(error: Exception, where: str, connect_s: float, answer_s: float) -> str:
    """The failure of a request in one line; `where` is what may be shown of the address."""
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words.format(where=where, why=_why(error), connect=connect_s, answer=answer_s)
    return f"{where} answered what is no HTTP ({type(error).__name__})"


def _why(error: Exception) -> str:
    """The system's words for a connection that could not be made."""
    cause = getattr(error, "os_error", None)
    return os.strerror(cause.errno) if cause is not None and cause.errno else "TLS"


async def start_of(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The answer's first bytes; read to its end, so that the connection can be used again.

    The connection of an answer longer than `most` bytes is closed.
    """
    parts: list[bytes] = []
    size = 0
    while size < most:
        part = await answer.content.readany()
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    answer.close()
    return b"".join(parts)
