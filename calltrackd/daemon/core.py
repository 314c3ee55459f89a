"""The daemon: every part built from the settings, run in one TaskGroup, stopped in order.

Order of the start: local port, delivery, recovery of each attachment from its journal, links,
READY. Order of the stop, within 10 s: links and what they still brought, store, delivery, port.
What goes wrong beyond a part's own means ends the process: the next start reads the journal.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

import structlog

from calltrackd import __version__
from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.ledger import StoreLedger
from calltrackd.crm.links import links_of
from calltrackd.crm.senders import Senders
from calltrackd.crm.target import targets_of
from calltrackd.daemon.attachment import Attachment
from calltrackd.daemon.doors import Doors
from calltrackd.daemon.hearing import Hearing, reader_of
from calltrackd.daemon.keeping import Keeping
from calltrackd.daemon.lending import LentRecordings
from calltrackd.daemon.live import Live
from calltrackd.daemon.pulse import Pulse
from calltrackd.daemon.returning import Returning
from calltrackd.daemon.sight import OpenCalls
from calltrackd.daemon.story import tell
from calltrackd.daemon.switchboard import Switchboard, Watch
from calltrackd.model.call import CallRecord
from calltrackd.ops.metrics import Metrics
from calltrackd.ops.once import Once
from calltrackd.ops.systemd import Notifier
from calltrackd.pipeline.build import enricher_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.settings import Settings
from calltrackd.sources.numbers import Sources
from calltrackd.store import outbox
from calltrackd.store.engine import Store
from calltrackd.web.app import Sight
from calltrackd.web.live import LiveBus

STORE_S = 2.0
"""How long the last changes may take to be committed at a stop; the journal has them anyway."""
DELIVERY_S = 2.5
"""How long requests on the wire may take to end at a stop; unanswered ones are sent again."""
SETTLE_S = 0.5
"""How long it may take after that to write how they went."""

_log = structlog.get_logger(__name__)


class NoAttachmentLeftError(Exception):
    """Every PBX refused our login; a restart would not help."""


class Daemon:
    """Build inside the loop, `run`, `stop` from a signal handler, `reload` with new settings."""

    def __init__(self, settings: Settings, store: Store, notifier: Notifier) -> None:
        self._settings = settings
        self._store = store
        self._notifier = notifier
        self._metrics = Metrics(__version__)
        self._once = Once(lambda kind: self._metrics.unusable.labels(kind).inc())
        self._bus = LiveBus()
        self._enricher = enricher_of(settings)
        self._targets = targets_of(settings)
        links = links_of(settings)
        self._returning = Returning(
            settings,
            store,
            self._metrics,
            self._connector,
            self._told_spoken,
        )
        self._committer = Committer(
            store,
            self._enricher,
            self._targets,
            told=self._told,
            unusable=self._once,
            listens=settings.speech.enabled,
            clients=self._returning.people,
        )
        files = LentRecordings(lambda: self._settings)
        senders = Senders(store, recordings=links, files=files, met=self._returning.people.met)
        self._dispatcher = Dispatcher(
            StoreLedger(store), self._targets, make_sender=senders, meter=self._metered
        )
        self._doors = Doors(lambda: self._settings, store, self._metrics, self._returning, links)
        self._open = OpenCalls(self._live, self._bus)
        self._hearing = Hearing(settings, store, self._metrics, self._told_spoken)
        watch = Watch(self._link_told, self._pbx_refused, self._open.known, self._pbx_gone)
        self._board = Switchboard(store, self._committer, self._metrics, self._once, watch)
        self.live = Live(store, self._hearing, self._kept, self._told_spoken, self._metrics)
        """Hears calls while they live."""
        self._stop = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._reloading: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        """All links are being kept up."""
        self.port: int | None = None
        """The local port, once it is open."""
        self.outside_port: int | None = None
        """The second one, if the settings want it."""

    # -- life

    async def run(self) -> None:
        """Until `stop`. Raises NoAttachmentLeftError, ListenError, StoreError, JournalError."""
        self._metrics.refresh(self._measure)
        async with AsyncExitStack() as stack:
            await self._open_port(stack)
            stack.push_async_callback(self._hearing.stop)
            stack.push_async_callback(self._returning.stop)
            async with asyncio.TaskGroup() as tasks:
                committing = tasks.create_task(self._committer.run(), name="committer")
                sending = tasks.create_task(self._dispatcher.run(), name="dispatcher")
                await self._begin(tasks)
                chores = self._chores(tasks)
                await self._stop.wait()
                self._notifier.stopping()
                await _given_up(*chores, *([self._reloading] if self._reloading else []))
                await self._wind_down(committing, sending)
        if self._all_refused:
            raise NoAttachmentLeftError("; ".join(self._board.refused.values()))

    def stop(self) -> None:
        """Ask for the end; `run` returns when all is written."""
        self._stop.set()

    async def reload(self, settings: Settings) -> None:
        """Take over new settings; calls in progress go on. Raises as Dispatcher.retarget does.

        What holds from start to end stays as it was, and is told.
        """
        await self.ready.wait()
        if self._stop.is_set():
            return
        self._reloading = asyncio.ensure_future(self._exchange(settings))
        self._notifier.reloading()
        try:
            await self._reloading
        finally:
            self._reloading = None
            self._notifier.ready(self._board.status)

    async def _exchange(self, settings: Settings) -> None:
        assert self._tasks is not None  # noqa: S101 - set before `ready`
        old, new = self._settings, with_fixed(settings, self._settings)
        targets = targets_of(new)
        reader = reader_of(new)
        await self._dispatcher.retarget(targets)
        self._settings, self._targets = new, targets
        self._enricher.adopt(Sources(new.number), new.kinds)
        self._committer.adopt(targets, listens=new.speech.enabled)
        await self._hearing.adopt(new, reader, self._tasks)
        await self._returning.adopt(new, self._tasks)
        await self._board.exchange(old, new, self._tasks)
        for name in fixed(settings, new):
            _log.warning("settings.need_restart", section=name)
        _log.info("settings.reloaded", pbx=len(new.pbx), targets=len(new.target))

    async def _begin(self, tasks: asyncio.TaskGroup) -> None:
        await self._returning.begin(tasks)
        await self._board.close_strangers(self._settings)
        for pbx in self._settings.pbx:
            await self._board.attach(pbx, self._settings, tasks)
        self._hearing.begin(tasks)
        self._tasks = tasks
        self._notifier.ready(self._board.status)
        self.ready.set()

    async def _wind_down(self, committing: asyncio.Task[None], sending: asyncio.Task[None]) -> None:
        silencing = asyncio.create_task(self._hearing.stop(), name="speech stops")
        await self._returning.stop()
        await self._board.detach_all()
        self._committer.stop()
        _, late = await asyncio.wait({committing}, timeout=STORE_S)
        if late:
            committing.cancel()
            _log.warning("store.left_behind", kept="the journal")
        await self._dispatcher.stop(DELIVERY_S)
        _, late = await asyncio.wait({sending}, timeout=SETTLE_S)
        if late:
            sending.cancel()
            _log.warning("outbox.left_behind", kept="deliveries are repeated, with the same ids")
        await silencing
        self._bus.close()
        _log.info("stopped")

    # -- what happens

    def _told(self, done: Committed) -> None:
        """What attachments brought was committed."""
        now = time.time()
        for record, change in zip(done.records, done.changes, strict=True):
            self._metrics.commit_lag.observe(max(0.0, now - change.at))
            if change.step == "ended":
                self._metrics.calls.labels(record.direction, record.outcome).inc()
                self._hearing.wake()
        self._told_spoken(done)

    def _told_spoken(self, done: Committed) -> None:
        """What was heard of calls was committed."""
        self._dispatcher.offer(done.rows)
        for record, change in zip(done.records, done.changes, strict=True):
            self._open.committed(record)
            if change.alert is not None:
                self._bus.alert(change.alert)
            tell(record, change.step)
        self._returning.seek(done)

    def _metered(self, target: str, word: str) -> None:
        self._metrics.deliveries.labels(target, word).inc()

    def _link_told(self, name: str, up: bool, at: float) -> None:
        (self._metrics.link_up if up else self._metrics.link_down)(name)
        self._bus.link(name, up=up, at=at)
        self._notifier.status(self._board.status)

    def _pbx_refused(self) -> None:
        self._notifier.status(self._board.status)
        if self._all_refused:
            self.stop()

    def _pbx_gone(self, name: str) -> None:
        self._metrics.link_gone(name)
        self._bus.link_gone(name)
        self._open.parted(name)

    @property
    def _all_refused(self) -> bool:
        refused = self._board.refused
        return bool(refused) and len(refused) == len(self._settings.pbx)

    # -- what others look at

    async def _open_port(self, stack: AsyncExitStack) -> None:
        sight = Sight(
            __version__, self._metrics, self._bus, self._open, self._reasons, self._troubles
        )
        ports = await self._doors.open(stack, sight)
        self.port, self.outside_port = ports.inside, ports.outside

    def _connector(self, target: str) -> object | None:
        return self._dispatcher.connector(target)

    def _live(self) -> Iterator[CallRecord]:
        return self._board.live()

    async def _measure(self) -> None:
        """Figures that are asked for; raises StoreDown."""
        for attachment in self._board:
            if not attachment.link.up:  # also when a full disk keeps the end from being told
                self._metrics.link_down(attachment.name)
        async with self._store.read() as conn:
            loads = await outbox.backlog(conn)
        self._metrics.outbox(loads, [target.name for target in self._targets])
        await self._hearing.measure()
        await self._returning.measure()

    def _troubles(self) -> list[str]:
        """Targets that refuse us until somebody mends something."""
        status = self._dispatcher.status()
        return [f"{one.target}: {one.trouble}" for one in status if one.needs_admin]

    async def _reasons(self) -> list[str]:
        if not self.ready.is_set():
            return ["starting: what was in progress is read from the journal"]
        blocked = self._committer.blocked
        return self._board.reasons + ([] if blocked is None else [f"store: {blocked}"])

    def _chores(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        pulse = Pulse(self._notifier, self._store, lambda: self._board.status)
        keeping = Keeping(self._store, self._kept)
        return [
            tasks.create_task(self._open.run(), name="open calls"),
            tasks.create_task(pulse.run(), name="pulse"),
            tasks.create_task(keeping.run(), name="keeping"),
            tasks.create_task(self.live.run(), name="live speech"),
        ]

    def _kept(self) -> tuple[Settings, list[Attachment]]:
        return self._settings, list(self._board)


async def _given_up(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


FIXED = ("state_dir", "journal", "web")
"""Sections that hold from start to end; of [store] it is the url."""


def with_fixed(new: Settings, old: Settings) -> Settings:
    """The new settings with what holds from the start left as it is."""
    kept = {name: getattr(old, name) for name in FIXED}
    store = new.store.model_copy(update={"url": old.store.url})
    return new.model_copy(update={**kept, "store": store})


def fixed(wanted: Settings, kept: Settings) -> list[str]:
    """Names of settings that will hold only after a restart."""
    found = [name for name in FIXED if getattr(wanted, name) != getattr(kept, name)]
    return found + (["store.url"] if wanted.store.url != kept.store.url else [])
