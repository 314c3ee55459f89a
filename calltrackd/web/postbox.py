"""`POST /v1/crm/TARGET/...`: webhooks of CRMs, kept before they are answered.

    read (bounded) ──► verify ──► mask ──► store ──► 200    else, and the CRM may try again:
                        403        503: the store is away or slow, or too many wait for us

The answer comes within a second or it is a 503: CRMs wait 1 to 5 s and switch off who is late.
What was answered by 200 is on the disk; what was not may be there, too: twice is as good as once.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp import web

from calltrackd.crm.returns.masking import masked
from calltrackd.crm.returns.ports import Inbox, Posted
from calltrackd.store import inbox as stored
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreError
from calltrackd.store.inbox import Kept
from calltrackd.web.answers import error, shown

MOST_BYTES = 512 * 1024
MOST_AT_ONCE = 64
"""Requests in hand; those beyond are told to come again."""
MOST_WAITING = 20_000
"""Webhooks of a target that may wait to be worked on."""
BODY_S = 5.0
"""A body that takes longer is a hostage."""
STORE_S = 0.8
AGAIN_S = "30"

Count = Callable[[str, str], None]
"""Told of each webhook: target (empty: none of ours), and what became of it."""
_log = structlog.get_logger(__name__)


class Postbox:
    """`inbox_of(target)`: who verifies, None: it takes no webhooks. `wake(target)`: one came."""

    def __init__(
        self,
        store: Store,
        inbox_of: Callable[[str], Inbox | None],
        wake: Callable[[str], None],
        *,
        public_url: str | None = None,
        count: Count,
    ) -> None:
        self._store = store
        self._inbox_of = inbox_of
        self._wake = wake
        self._public_url = public_url or ""
        self._count = count
        self._in_hand = 0
        self._said: set[tuple[str, str]] = set()

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Its address."""
        router.add_post("/v1/crm/{target}", self.post)
        router.add_post("/v1/crm/{target}/{path:.*}", self.post)

    async def post(self, request: web.Request) -> web.Response:
        """One webhook."""
        target = request.match_info["target"]
        inbox = self._inbox_of(target)
        if inbox is None:
            self._count("", "unknown")
            return error(404, "no such target, or it takes no webhooks")
        if self._in_hand >= MOST_AT_ONCE:
            return self._later(target, "crowded")
        self._in_hand += 1
        try:
            return await self._taken(request, target, inbox)
        finally:
            self._in_hand -= 1

    async def _taken(self, request: web.Request, target: str, inbox: Inbox) -> web.Response:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except TimeoutError:
            return self._refused(target, "slow", 408)
        if body is None:
            return self._refused(target, "too_large", 413)
        posted = self._posted(request, body)
        if not self._is_true(target, inbox, posted):
            return self._refused(target, "forged", 403)
        return await self._kept(target, posted)

    def _posted(self, request: web.Request, body: bytes) -> Posted:
        return Posted(
            path=request.match_info.get("path", ""),
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            at=time.time(),
            url=f"{self._public_url}{request.path_qs}",
        )

    def _is_true(self, target: str, inbox: Inbox, posted: Posted) -> bool:
        try:
            return inbox.verify(posted)
        except Exception:  # noqa: BLE001 - border: what breaks the check has not passed it
            _log.exception("inbox.unverifiable", target=target)
            return False

    async def _kept(self, target: str, posted: Posted) -> web.Response:
        put = partial(
            stored.put,
            target=target,
            content_type=posted.content_type[:200],
            body=masked(posted.body),
            at=posted.at,
            room=MOST_WAITING,
        )
        try:
            async with asyncio.timeout(STORE_S):
                kept: Kept = await self._store.writer.submit(put)
        except (StoreError, TimeoutError):
            return self._later(target, "store_away")
        if kept == "full":
            return self._later(target, "full")
        self._count(target, kept)
        self._wake(target)
        return shown({"status": kept})

    def _later(self, target: str, why: str) -> web.Response:
        self._tell(target, why)
        return error(503, why, {"Retry-After": AGAIN_S})

    def _refused(self, target: str, why: str, status: int) -> web.Response:
        self._tell(target, why)
        return error(status, why)

    def _tell(self, target: str, why: str) -> None:
        """Counted always, logged once: whoever knows the address must not fill the log."""
        self._count(target, why)
        if (target, why) not in self._said:
            self._said.add((target, why))
            _log.warning("inbox.refused, later ones are only counted", target=target, why=why)


async def _body(request: web.Request) -> bytes | None:
    """The whole body; None when it is larger than anybody's webhook."""
    if request.content_length is not None and request.content_length > MOST_BYTES:
        return None
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > MOST_BYTES:
            return None
    return bytes(parts)
