"""Requests to a CRM: paced, bounded, classified, and with nothing secret in their words.

A success is a 2xx with JSON in it and no error inside: what is inside, the connector judges.
"""

from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from calltrackd.crm import connections
from calltrackd.crm.addresses import is_inside, literal
from calltrackd.crm.backoff import retry_after
from calltrackd.crm.clock import Clock
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.scrub import place, scrubbed
from calltrackd.crm.trouble import (
    AuthFailed,
    Away,
    Barred,
    Failing,
    Limited,
    NotYet,
    Permanent,
    Trouble,
    Unknown,
)
from calltrackd.settings import CrmTarget

MOST_BYTES = 8 << 20
"""An answer is read so far."""
LARGE_BYTES = 1 << 20
"""A longer body goes out in pieces: at once it would hold up all that happens meanwhile."""
PATIENCE_S = 20.0
"""A pause that the CRM asks for is waited out here when it is no longer; else by the whole lane."""
MOST_TRIES = 5
"""Requests for one answer while the CRM says that it is too fast."""
LIMITED_S = 1.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `headers` in lower case; `where`: the CRM's address, fit to be shown."""

    status: int
    headers: dict[str, str]
    body: bytes
    where: str
    told: str
    """The beginning of the body without secrets and numbers."""
    now: float

    @property
    def wait(self) -> float | None:
        """Seconds asked for by Retry-After."""
        return retry_after(self.headers.get("retry-after"), self.now)

    @property
    def is_json(self) -> bool:
        """Told as JSON, and is it."""
        return "json" in self.headers.get("content-type", "") and self.value is not msgspec.UNSET

    @property
    def value(self) -> Any:
        """The decoded body; None for an empty one; UNSET when it is no JSON."""
        try:
            return msgspec.json.decode(self.body) if self.body.strip() else None
        except msgspec.DecodeError:
            return msgspec.UNSET


class Cut(Unknown):
    """The connection ended before an answer."""


Judge = Callable[[Answer], None]
"""Raises the Trouble that an answer means; returns for a success."""


def by_status(answer: Answer) -> None:
    """What statuses mean where a CRM's own words don't say otherwise."""
    status = answer.status
    reason = f"{answer.where} answered {status}"
    about: dict[str, Any] = {"status": status, "detail": "" if answer.status < 300 else answer.told}
    if status == 204 or (200 <= status < 300 and answer.is_json):
        return
    if 200 <= status < 300:
        raise Unknown(f"{answer.where} answered {status} with what is no JSON", status=status)
    if status == 429:
        raise Limited(reason, after=answer.wait, **about)
    if status == 401:
        raise AuthFailed(reason, **about)
    if status in {402, 403}:
        raise Barred(reason, after=answer.wait, **about)
    if status in {423, 425}:
        raise NotYet(reason, after=answer.wait, **about)
    if status == 503:
        raise Away(reason, after=answer.wait, **about)
    if status == 408 or status >= 500:
        raise Unknown(reason, after=answer.wait, **about)
    if 300 <= status < 400:
        raise Failing(f"{reason}, a redirect, which is not followed", **about)
    raise Permanent(reason, **about)


class Client:
    """Requests to one CRM. Close it. Raises OSError for a CA file that can't be read.

    `secrets`: texts that must never be shown; add to it what is learned later, such as tokens.
    """

    def __init__(
        self,
        settings: CrmTarget,
        limiter: Limiter,
        clock: Clock,
        *,
        judge: Judge = by_status,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._settings, self._limiter, self._clock, self._judge = settings, limiter, clock, judge
        self._resolver = resolver
        self._trust = connections.trust(str(settings.tls_ca) if settings.tls_ca else None)
        self._session: aiohttp.ClientSession | None = None
        secret = settings.secret.get_secret_value()
        self.secrets: set[str] = {secret} if secret else set()

    async def close(self) -> None:
        """Close the connections; requests on the wire are cut."""
        if self._session is not None:
            await self._session.close()

    async def ask(
        self,
        verb: str,
        url: str,
        *,
        reads: bool | None = None,
        method: str = "",
        urgent: bool = False,
        json: Any = None,
        data: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        answer_s: float | None = None,
        judge: Judge | None = None,
    ) -> Any:
        """The JSON of the answer, None where it is empty. Raises Trouble.

        `reads`: it changes nothing (by default a GET), so a lost answer is no unknown outcome, and
        where the connection was cut it is asked once more at once.
        `method`: the CRM's own name of what is called, for pauses that hold for it alone.
        `urgent`: before all that is not. `data`: form fields or bytes, instead of `json`.
        """
        reads = verb == "GET" if reads is None else reads
        body = msgspec.json.encode(json) if json is not None else data
        given = {"Accept": "application/json", **(headers or {})}
        if json is not None:
            given["Content-Type"] = "application/json"

        async def once() -> Answer:
            large = isinstance(body, bytes) and len(body) > LARGE_BYTES
            sent = BytesIO(body) if large else body
            return await self._sent(
                verb, url, answer_s=answer_s, data=sent, headers=given, params=params
            )

        async def again() -> Answer:
            try:
                return await once()
            except Cut:
                await self._turn(method, urgent=urgent)
                return await once()

        try:
            way = again if reads else once
            return await self._patiently(way, judge or self._judge, method, urgent=urgent)
        except Unknown as lost:
            if reads:
                raise Failing(
                    lost.reason, status=lost.status, after=lost.after, detail=lost.detail
                ) from lost
            raise

    async def _patiently(
        self, once: Callable[[], Awaitable[Answer]], judge: Judge, method: str, *, urgent: bool
    ) -> Any:
        """Wait out short pauses that the CRM asks for: what it limits, it did not take."""
        for tries in range(1, MOST_TRIES + 1):
            await self._turn(method, urgent=urgent)
            answer = await once()
            try:
                judge(answer)
            except Limited as limited:
                pause = LIMITED_S * 2 ** (tries - 1) if limited.after is None else limited.after
                self._limiter.pause(pause, method if limited.of_method else "")
                if tries == MOST_TRIES or pause > PATIENCE_S:
                    limited.after = pause
                    raise
            else:
                return None if answer.value is msgspec.UNSET else answer.value
        raise AssertionError("the last try returns or raises")

    async def _turn(self, method: str, *, urgent: bool) -> None:
        if (paused := self._limiter.paused(method)) > PATIENCE_S:
            raise Limited("the CRM asked for a pause", after=paused)
        await self._limiter.turn(method, urgent=urgent)

    async def _sent(self, verb: str, url: str, *, answer_s: float | None, **request: Any) -> Answer:
        self._forbid_inside(url)
        limits: dict[str, Any] = {}
        if answer_s is not None:
            limits["timeout"] = aiohttp.ClientTimeout(
                total=answer_s, connect=self._settings.connect_timeout_s
            )
        try:
            async with self._opened().request(
                verb,
                URL(url, encoded="%" in url),
                allow_redirects=False,
                **request,
                **limits,
            ) as answer:
                return await self._read(answer, place(url))
        except connections.HTTP_ERRORS as error:
            raise self._failed(error, place(url), answer_s) from None

    async def _read(self, answer: aiohttp.ClientResponse, where: str) -> Answer:
        body = await connections.start_of(answer, MOST_BYTES)
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=body,
            where=where,
            told=self.scrubbed(body[:2000].decode(errors="replace")),
            now=self._clock.now(),
        )

    def scrubbed(self, text: str) -> str:
        """One short line of the CRM's own words without secrets and numbers."""
        return scrubbed(text, sorted(self.secrets, key=len, reverse=True))

    def _forbid_inside(self, url: str) -> None:
        address = literal(URL(url).host or "")
        if address is not None and not self._settings.allow_private and is_inside(address):
            raise AuthFailed(f"{address} is a private address, which the target does not allow")

    def _failed(self, error: Exception, where: str, answer_s: float | None) -> Trouble:
        if inside := connections.refused_inside(error):
            return AuthFailed(f"{inside}, which the target does not allow")
        limit = self._settings.timeout_s if answer_s is None else answer_s
        reason = connections.reason_of(error, where, self._settings.connect_timeout_s, limit)
        if connections.was_cut(error):
            return Cut(reason)
        return Unknown(reason) if connections.was_sent(error) else Away(reason)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = connections.opened(
                trusted=self._trust,
                allow_private=self._settings.allow_private,
                connect_s=self._settings.connect_timeout_s,
                answer_s=self._settings.timeout_s,
                headers={},
                resolver=self._resolver,
            )
        return self._session
