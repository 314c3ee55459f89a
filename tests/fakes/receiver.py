"""A webhook receiver as a CRM would run it, which can be told to misbehave.

It checks Standard Webhooks signatures, remembers what it accepted by id, and follows a plan of
faults: the next requests (or all, until told otherwise) are answered by the fault instead.
Also the demo's and the live tests' receiver. Loopback only.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from calltrackd.crm.webhook.signature import SignatureError, verify

PAGE = "<!DOCTYPE html><html><body>Back soon</body></html>"


@dataclass(frozen=True)
class Fault:
    """One way to fail. `accept`: do what a good receiver does first, then fail the answer."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    delay_s: float = 0.0
    hang: bool = False
    reset: bool = False
    accept: bool = False

    @classmethod
    def page(cls) -> "Fault":
        """A maintenance page with status 200."""
        return cls(status=200, body=PAGE, headers={"Content-Type": "text/html"})

    @classmethod
    def redirect(cls, location: str) -> "Fault":
        """A 302 to `location`."""
        return cls(status=302, headers={"Location": location})


@dataclass(frozen=True)
class Hit:
    """One request as it came in; `at` is time.perf_counter() of its arrival."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def id(self) -> str:
        """The webhook-id."""
        return self.headers.get("webhook-id", "")

    @property
    def event(self) -> dict[str, Any]:
        """The JSON body."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    """`async with Receiver(keys) as receiver:` listens on `receiver.url`.

    `hits`: every request; `accepted`: the events taken, by id, once each; `repeats`: how often an
    id that was taken came again; `forged`: requests whose signature did not fit.
    """

    def __init__(
        self,
        keys: tuple[bytes, ...] = (),
        *,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        on_event: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.keys = keys
        self.hits: list[Hit] = []
        self.accepted: dict[str, dict[str, Any]] = {}
        self.repeats: Counter[str] = Counter()
        self.forged = 0
        self.plan: deque[Fault] = deque()
        self.always: Callable[[Hit], Fault | None] | Fault | None = None
        self._clock = clock
        self._on_event = on_event
        self._port = port
        self._arrived = asyncio.Condition()
        self._release = asyncio.Event()

    async def __aenter__(self) -> "Receiver":
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/hook"

    def fail(self, *faults: Fault) -> None:
        """The next requests meet these faults, one each."""
        self.plan.extend(faults)

    def release(self) -> None:
        """Let the hanging requests go (they are answered 200)."""
        self._release.set()

    async def until(self, fits: Callable[["Receiver"], bool], timeout_s: float = 10.0) -> None:
        """Wait until `fits(self)` after some request; TimeoutError when it never does."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: fits(self))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        at = time.perf_counter()
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")[:2]
        hit = Hit(at, request.method, request.path_qs, headers, await request.read(), peer)
        self.hits.append(hit)
        fault = self._fault(hit)
        answer = self._taken(hit) if fault is None or fault.accept else None
        async with self._arrived:
            self._arrived.notify_all()
        if fault is None:
            return answer or web.Response()
        return await self._failed(fault, request)

    def _fault(self, hit: Hit) -> Fault | None:
        if self.plan:
            return self.plan.popleft()
        return self.always(hit) if callable(self.always) else self.always

    def _taken(self, hit: Hit) -> web.Response:
        try:
            if self.keys:
                verify(self.keys, hit.headers, hit.body, self._clock())
        except SignatureError as error:
            self.forged += 1
            return web.Response(status=401, text=str(error))
        if hit.id in self.accepted:
            self.repeats[hit.id] += 1
        else:
            is_json = hit.headers.get("content-type") == "application/json"
            self.accepted[hit.id] = hit.event if is_json else {}
            if self._on_event and is_json:
                self._on_event(self.accepted[hit.id])
        return web.Response(status=204)

    async def _failed(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.hang:
            await self._release.wait()
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.reset:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=fault.status or 200, headers=fault.headers, text=fault.body)
