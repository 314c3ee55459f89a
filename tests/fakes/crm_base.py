"""The base of all fake CRMs: a server on loopback with a database of its own and faults to switch.

A fake answers as its CRM does, keeps what was created in `kept` (kind -> list of entities), counts
what came faster than the CRM allows in `too_fast`, and follows a plan of faults: the next requests,
or those that `always` picks, meet a fault instead of, or after (`accept`), a good answer.
"""

import asyncio
import json
import random
import time
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

from tests.fakes.receiver import Fault

__all__ = ["SENT", "CrmFake", "Fault", "Hit", "Reply", "Window", "faulty"]

SENT = "X-Sent-At"
"""Header of a test's own daemon: when the request went out, by the fake's clock. Where time runs
many times as fast, a way through the machine of some milliseconds would else be one of seconds."""


@dataclass(frozen=True)
class Hit:
    """One request as it came in, `at` of the fake's clock; `sent_at`: what it says, else `at`."""

    at: float
    sent_at: float
    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, None for an empty one."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Reply:
    """A good or bad answer of the CRM itself."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Window:
    """How many requests lay within any `length_s` seconds; they may be told out of order."""

    def __init__(self, length_s: float) -> None:
        self.length_s = length_s
        self._times: list[float] = []

    def add(self, at: float) -> int:
        """The most of any window that the request of this moment lies in."""
        times = self._times
        insort(times, at)
        del times[: bisect_left(times, min(at, times[-1] - 2 * self.length_s))]
        ends = range(bisect_left(times, at), bisect_left(times, at + self.length_s))
        return max(self._until(end) for end in ends)

    def _until(self, end: int) -> int:
        return end + 1 - bisect_right(self._times, self._times[end] - self.length_s)

    def clear(self) -> None:
        """Forget all."""
        self._times.clear()


Route = Callable[[Hit], Reply | Awaitable[Reply]]


class CrmFake:
    """`async with Fake() as fake:` listens on `fake.url`. Subclasses give `answer`.

    `rate`, `burst`: what the CRM allows (leaky bucket, requests a second); None: no limit.
    """

    rate: ClassVar[float | None] = None
    burst: ClassVar[int] = 1

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.kept: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.hits: list[Hit] = []
        self.plan: deque[Fault] = deque()
        self.always: Callable[[Hit], Fault | None] | None = None
        self.too_fast = 0
        self._level, self._leaked_at = 0.0, clock()
        self._ids = 0
        self._arrived = asyncio.Condition()
        self._release = asyncio.Event()
        self._port = 0

    async def answer(self, hit: Hit) -> Reply:
        """What the CRM does and says."""
        raise NotImplementedError

    def limited(self) -> Reply:
        """What it says to those who are too fast."""
        return Reply({"error": "slow down"}, 429, {"Retry-After": "1"})

    # -- life

    async def __aenter__(self) -> "CrmFake":
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    # -- the test's hands

    def fail(self, *faults: Fault) -> None:
        """The next requests meet these faults, one each."""
        self.plan.extend(faults)

    def use_clock(self, clock: Callable[[], float]) -> None:
        """Time as whoever asks has it, so that limits mean the same to both."""
        self.clock, self._leaked_at, self._level = clock, clock(), 0.0

    def release(self) -> None:
        """Let the hanging requests go."""
        self._release.set()

    async def until(self, fits: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until `fits()` after some request; TimeoutError when it never does."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(fits)

    def keep(self, kind: str, **entity: Any) -> dict[str, Any]:
        """A new entity with an id of its own."""
        self._ids += 1
        entity.setdefault("id", self._ids)
        self.kept[kind].append(entity)
        return entity

    def asked(self, path: str) -> list[Hit]:
        """The requests whose path begins so."""
        return [hit for hit in self.hits if hit.path.startswith(path)]

    # -- requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        hit = Hit(
            at := self.clock(),
            float(request.headers.get(SENT, at)),
            request.method,
            request.path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.hits.append(hit)
        reply = await self._replied(hit, request)
        await self._tell()
        return reply

    async def _tell(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def _replied(self, hit: Hit, request: web.Request) -> web.StreamResponse:
        if self._over(hit):
            self.too_fast += 1
            return _http(self.limited())
        fault = self.plan.popleft() if self.plan else self.always and self.always(hit)
        if not fault:
            return _http(await self.answer(hit))
        if fault.accept:
            await self.answer(hit)
        await self._tell()
        if fault.hang:
            await self._release.wait()
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.reset:
            assert request.transport is not None
            request.transport.abort()
        headers = {"Content-Type": "application/json", **fault.headers}
        return web.Response(status=fault.status or 200, headers=headers, body=fault.body.encode())

    def _over(self, hit: Hit) -> bool:
        if self.rate is None:
            return False
        now = max(hit.sent_at, self._leaked_at)
        self._level = max(0.0, self._level - (now - self._leaked_at) * self.rate)
        self._leaked_at = now
        if self._level > self.burst:
            return True
        self._level += 1
        return False


def _http(reply: Reply) -> web.Response:
    if reply.status == 204:
        return web.Response(status=204)
    headers = {"Content-Type": "application/json", **reply.headers}
    body = reply.value if isinstance(reply.value, bytes) else json.dumps(reply.value).encode()
    return web.Response(status=reply.status, headers=headers, body=body)


def faulty(share: float, seed: int, *faults: Fault) -> Callable[[Hit], Fault | None]:
    """For `always`: each fault meets `share` of all requests, by chance."""
    chance = random.Random(seed)

    def pick(_hit: Hit) -> Fault | None:
        drawn = chance.random()
        index = int(drawn / share)
        return faults[index] if index < len(faults) else None

    return pick
