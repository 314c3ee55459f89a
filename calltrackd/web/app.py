"""The local port: is it alive, is it ready, how does it do, what goes on right now.

| path | answer |
|---|---|
| `/healthz` | 200 while the process serves |
| `/readyz` | 200, or 503 with the reasons: a link is down, the store can't be written |
| `/metrics` | Prometheus text format |
| `/v1/calls/open` | public records of the calls in progress |
| `/v1/live` | the same and each change, as Server-Sent Events (sse.py) |
| `/v1/route` | whose client is on the line (route.py) |
| `/v1/crm/TARGET` | webhooks of CRMs (postbox.py) |
| `/v1/recordings/CALL/NAME` | recordings by signed links (recordings.py) |

The last two prove who they are to everybody, so they may be served to the outside, on a port of
their own when there is one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
from aiohttp import web

from calltrackd.model.call import CallRecord, public
from calltrackd.ops.metrics import CONTENT_TYPE, Metrics
from calltrackd.web import sse
from calltrackd.web.answers import error, shown
from calltrackd.web.hosts import guard
from calltrackd.web.live import LiveBus, Seat

HEARTBEAT_S = 10.0
MOST_WATCHERS = 50
SHUTDOWN_S = 2.0
"""How long open requests may take to end when the daemon stops (10 s for all of it)."""


class ListenError(Exception):
    """The local port can't be opened; the text says why and what to change."""


class Sight(msgspec.Struct):
    """What the pages look at.

    `reasons`: why calls can't be followed now, empty when ready. `troubles`: what needs somebody
    all the same: targets that refuse us.
    """

    version: str
    metrics: Metrics
    bus: LiveBus
    open_calls: Callable[[], Iterable[CallRecord]]
    reasons: Callable[[], Awaitable[list[str]]]
    troubles: Callable[[], list[str]] = list


class Pages(Protocol):
    """Addresses that another module answers."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add them."""


def application(
    sight: Sight,
    hosts: Collection[str] = (),
    heartbeat_s: float = HEARTBEAT_S,
    *,
    more: Iterable[Pages] = (),
    outside: Iterable[Pages] = (),
    outside_host: str | None = None,
) -> web.Application:
    """The application. `hosts`: names besides addresses and localhost by which it may be called.

    `outside`: pages that may also be asked for under the name `outside_host`, and only they.
    """
    pages = _Pages(sight, heartbeat_s)
    app = web.Application(middlewares=[guard({host.lower() for host in hosts}, outside_host)])
    for one in (*more, *outside):
        one.add_to(app.router)
    app.router.add_get("/healthz", pages.healthz)
    app.router.add_get("/readyz", pages.readyz)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/v1/calls/open", pages.open_calls)
    app.router.add_get("/v1/live", pages.live)
    app.on_shutdown.append(pages.send_home)
    return app


def outside_application(pages: Iterable[Pages]) -> web.Application:
    """What the second port serves: pages that prove everything themselves, under any name."""
    app = web.Application()
    for one in pages:
        one.add_to(app.router)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve the application while the block lasts; gives the port (of use when `port` is 0).

    Raises ListenError when the address can't be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            text = f"cannot listen on {host}:{port}: {error.strerror}; see [web] in the settings"
            raise ListenError(text) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class _Pages:
    def __init__(self, sight: Sight, heartbeat_s: float) -> None:
        self._sight = sight
        self._heartbeat_s = heartbeat_s

    async def healthz(self, _request: web.Request) -> web.Response:
        return shown({"status": "alive", "version": self._sight.version})

    async def readyz(self, _request: web.Request) -> web.Response:
        reasons = await self._sight.reasons()
        told = {"reasons": reasons, "troubles": self._sight.troubles()}
        if reasons:
            return shown({"status": "not ready", **told}, status=503)
        return shown({"status": "ready", **told})

    async def metrics(self, _request: web.Request) -> web.Response:
        page = await self._sight.metrics.page()
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})

    async def open_calls(self, _request: web.Request) -> web.Response:
        return shown([public(record) for record in self._sight.open_calls()])

    async def live(self, request: web.Request) -> web.StreamResponse:
        if self._sight.bus.watchers >= MOST_WATCHERS:
            return error(503, f"{MOST_WATCHERS} watchers are enough")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._sight.bus.seat() as seat:
            await response.prepare(request)
            await response.write(sse.opening(self._sight.bus.links, self._sight.open_calls()))
            await self._follow(seat, response)
        return response

    async def _follow(self, seat: Seat, response: web.StreamResponse) -> None:
        """Until the bus closes or the watcher leaves, which is no error."""
        try:
            while (batch := await seat.take(self._heartbeat_s)) is not None:
                await response.write(sse.news(batch))
        except ConnectionResetError:
            return

    async def send_home(self, _app: web.Application) -> None:
        self._sight.bus.close()
