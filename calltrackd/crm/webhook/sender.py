"""One request a row over connections that are kept; every trouble becomes an Outcome.

Connections are the costly part, so a target's are reused; nothing is followed, decompressed,
remembered as a cookie or taken from proxy variables. Limits: `connect_s` to connect (name and TLS
included), `answer_s` for the whole request. Secrets never leave: reasons name the place only.
"""

import os
import ssl
import time
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from calltrackd.crm.outcome import Blocked, Failed, Outcome, Refused, Scope
from calltrackd.crm.target import Target
from calltrackd.crm.webhook.addresses import (
    GuardedResolver,
    PrivateAddressError,
    is_inside,
    literal,
)
from calltrackd.crm.webhook.answer import is_page, outcome_of
from calltrackd.crm.webhook.mapping import Mapper, MappingError, Request
from calltrackd.crm.webhook.scrub import place, scrubbed, secrets_of
from calltrackd.crm.webhook.signature import ID, SIGNATURE, TIMESTAMP, sign
from calltrackd.model.outbox import OutboxRow

MOST_ANSWER_BYTES = 65_536
"""An answer is read so far; the connection of a longer one is closed."""
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


class WebhookSender:
    """Sends the rows of one target; close it.

    Raises MappingError, ValueError or OSError (CA file) for settings that can't be used.
    """

    def __init__(
        self,
        target: Target,
        clock: Callable[[], float] = time.time,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._target = target
        self._clock = clock
        self._url = URL(target.url)
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise ValueError(f"target {target.name}: the url is no http(s) address")
        self._place = place(target.url)
        self._secrets = secrets_of(target.url, target.headers.values())
        self._mapper = Mapper(target.name, target.shape) if target.shape else None
        self._trust = _trust(target.ca_file)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        target, resolver = self._target, self._resolver
        connector = aiohttp.TCPConnector(
            limit=0,  # the lane limits, and knows why it waits
            keepalive_timeout=KEEP_S,
            resolver=resolver if target.allow_private else GuardedResolver(resolver),
            ssl=self._trust,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": USER_AGENT, **target.headers},
            timeout=aiohttp.ClientTimeout(total=target.answer_s, connect=target.connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_SKIPPED,
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections; requests on the wire are cut."""
        if self._session is not None:
            await self._session.close()

    async def send(self, row: OutboxRow) -> Outcome:
        """Try once. Never raises but for cancellation."""
        if not self._target.allow_private and (blocked := self._literal_inside()):
            return blocked
        try:
            request = self._request(row)
        except MappingError as error:
            return Refused(reason=str(error))
        try:
            return await self._sent(row, request)
        except aiohttp.ServerDisconnectedError:
            return await self._again(row, request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._failed(error)

    async def _again(self, row: OutboxRow, request: Request) -> Outcome:
        """A kept connection may have been closed under our request: a new one tells."""
        try:
            return await self._sent(row, request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._failed(error)

    def _literal_inside(self) -> Blocked | None:
        address = literal(self._url.host or "")
        if address is None or not is_inside(address):
            return None
        return Blocked(reason=f"{address} is a private address, which the target does not allow")

    def _request(self, row: OutboxRow) -> Request:
        if self._mapper is not None:
            return self._mapper.request(row)
        return Request(body=row.body.encode(), content_type="application/json")

    def _headers(self, row: OutboxRow, request: Request) -> dict[str, str]:
        now = int(self._clock())
        headers = {ID: row.id, TIMESTAMP: str(now), "Idempotency-Key": row.id}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if self._target.keys:
            headers[SIGNATURE] = sign(self._target.keys, row.id, now, request.body)
        return headers

    async def _sent(self, row: OutboxRow, request: Request) -> Outcome:
        self._session = self._session or self._opened()
        url = self._url.extend_query(request.query) if request.query else self._url
        async with self._session.request(
            self._target.method,
            url,
            data=request.body or None,
            headers=self._headers(row, request),
            allow_redirects=False,
        ) as answer:
            body = await _start(answer)
            page = is_page(answer.content_type, body)
            told = "" if page or answer.ok else body[:2000].decode(errors="replace")
            return outcome_of(
                answer.status,
                page=page,
                wait=answer.headers.get("Retry-After"),
                detail=scrubbed(told, self._secrets),
                now=self._clock(),
            )

    def _failed(self, error: Exception) -> Outcome:
        """Errors before the first byte was sent are plain; later ones leave the outcome unknown."""
        cause = getattr(error, "os_error", None)
        if isinstance(cause, PrivateAddressError):
            return Blocked(reason=f"{cause}, which the target does not allow")
        if isinstance(error, aiohttp.InvalidURL):
            return Blocked(reason=f"{self._place} is no address that can be used")
        sent = not isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError)
        scope: Scope = "target" if sent else "outage"
        return Failed(reason=self._reason(error), scope=scope, unknown=sent)

    def _reason(self, error: Exception) -> str:
        where, target = self._place, self._target
        for kind, words in _REASONS:
            if isinstance(error, kind):
                limits = {"connect": target.connect_s, "answer": target.answer_s}
                return words.format(where=where, why=_why(error), **limits)
        return f"{where} answered what is no HTTP ({type(error).__name__})"


def _why(error: Exception) -> str:
    """The system's words for a connection that could not be made."""
    cause = getattr(error, "os_error", None)
    return os.strerror(cause.errno) if cause is not None and cause.errno else "TLS"


def _trust(ca_file: str | None) -> ssl.SSLContext | bool:
    """The system's authorities, and those of `ca_file` beside them."""
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    return context


async def _start(answer: aiohttp.ClientResponse) -> bytes:
    """The answer's first bytes; read to its end, so that the connection can be used again."""
    parts: list[bytes] = []
    size = 0
    while size < MOST_ANSWER_BYTES:
        part = await answer.content.readany()
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    answer.close()
    return b"".join(parts)
