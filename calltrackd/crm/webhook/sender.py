"""One request a row over connections that are kept; every trouble becomes an Outcome.

Limits: `connect_s` to connect (name and TLS included), `answer_s` for the whole request. Secrets
never leave: reasons name the place only.
"""

import time
from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from calltrackd.crm import connections
from calltrackd.crm.addresses import is_inside, literal
from calltrackd.crm.connections import HTTP_ERRORS
from calltrackd.crm.outcome import Blocked, Failed, Outcome, Refused, Scope
from calltrackd.crm.scrub import place, scrubbed, secrets_of
from calltrackd.crm.target import HookTarget
from calltrackd.crm.templates import TemplateFault
from calltrackd.crm.webhook.answer import is_page, outcome_of
from calltrackd.crm.webhook.mapping import Mapper, Request
from calltrackd.crm.webhook.signature import ID, SIGNATURE, TIMESTAMP, sign
from calltrackd.model.outbox import OutboxRow

MOST_ANSWER_BYTES = 65_536
"""An answer is read so far; the connection of a longer one is closed."""


class WebhookSender:
    """Sends the rows of one target; close it.

    Raises TemplateFault, ValueError or OSError (CA file) for settings that can't be used.
    """

    def __init__(
        self,
        target: HookTarget,
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
        self._trust = connections.trust(target.ca_file)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        target = self._target
        return connections.opened(
            trusted=self._trust,
            allow_private=target.allow_private,
            connect_s=target.connect_s,
            answer_s=target.answer_s,
            headers=target.headers,
            resolver=self._resolver,
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
        except TemplateFault as error:
            return Refused(reason=str(error))
        try:
            return await self._sent(row, request)
        except aiohttp.ServerDisconnectedError:
            return await self._again(row, request)
        except HTTP_ERRORS as error:
            return self._failed(error)

    async def _again(self, row: OutboxRow, request: Request) -> Outcome:
        """A kept connection may have been closed under our request: a new one tells."""
        try:
            return await self._sent(row, request)
        except HTTP_ERRORS as error:
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
            body = await connections.start_of(answer, MOST_ANSWER_BYTES)
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
        if inside := connections.refused_inside(error):
            return Blocked(reason=f"{inside}, which the target does not allow")
        if isinstance(error, aiohttp.InvalidURL):
            return Blocked(reason=f"{self._place} is no address that can be used")
        sent = connections.was_sent(error)
        scope: Scope = "target" if sent else "outage"
        limits = self._target.connect_s, self._target.answer_s
        reason = connections.reason_of(error, self._place, *limits)
        return Failed(reason=reason, scope=scope, unknown=sent)
