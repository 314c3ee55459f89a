"""The ports: one for this house, and a second one for the outside when the settings want it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import msgspec
import structlog

from calltrackd.crm.links import Links
from calltrackd.daemon.returning import Returning
from calltrackd.ops.metrics import Metrics
from calltrackd.settings import Settings
from calltrackd.speech.finished import finder_of
from calltrackd.store.engine import Store
from calltrackd.web.app import Pages, Sight, application, listening, outside_application
from calltrackd.web.postbox import Postbox
from calltrackd.web.recordings import Recordings
from calltrackd.web.route import Route

_log = structlog.get_logger(__name__)


class Ports(msgspec.Struct):
    """Where the daemon listens; None: nowhere."""

    inside: int | None = None
    outside: int | None = None


class Doors:
    """`settings()`: as they are now."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: Store,
        metrics: Metrics,
        returning: Returning,
        links: Links,
    ) -> None:
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._returning = returning
        self._links = links

    async def open(self, stack: AsyncExitStack, sight: Sight) -> Ports:
        """Open what the settings say, until the stack ends. Raises ListenError."""
        web, outside, ports = self._settings().web, self._outside(), Ports()
        if not web.enabled:
            return ports
        apart = web.outside_port is not None
        app = application(
            sight,
            more=[Route(self._returning.people, self._region, self._routed)],
            outside=() if apart else outside,
            outside_host=None if web.public_url is None else urlsplit(web.public_url).hostname,
        )
        ports.inside = await stack.enter_async_context(listening(app, web.host, web.port))
        _log.info("port.open", address=f"{web.host}:{ports.inside}")
        if web.outside_port is not None:
            second = listening(outside_application(outside), web.outside_host, web.outside_port)
            ports.outside = await stack.enter_async_context(second)
            _log.info("port.open", address=f"{web.outside_host}:{ports.outside}", outside=True)
        return ports

    def _outside(self) -> list[Pages]:
        """What proves itself to anybody."""
        postbox = Postbox(
            self._store,
            self._returning.inbox_of,
            self._returning.wake,
            public_url=self._settings().web.public_url,
            count=self._counted,
        )
        return [postbox, Recordings(self._store, self._links, lambda: finder_of(self._settings()))]

    def _region(self) -> str:
        return self._settings().region

    def _counted(self, target: str, result: str) -> None:
        self._metrics.returns.webhooks.labels(target, result).inc()

    def _routed(self, result: str, took_s: float) -> None:
        self._metrics.returns.route.labels(result).observe(took_s)
