"""The daemon: every part built from the settings, run in one TaskGroup, stopped in order.

Order of the start: store, recovery of each attachment from its journal, delivery, local port,
links, READY. Order of the stop (10 s): links, what they still brought, store, delivery, port.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import structlog

from calltrackd import __version__
from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.ledger import StoreLedger
from calltrackd.crm.target import Target, target_of
from calltrackd.daemon.attachment import Attachment, events_of, frames_of
from calltrackd.daemon.keeping import Keeping
from calltrackd.daemon.sight import OpenCalls
from calltrackd.model.call import CallRecord
from calltrackd.ops.metrics import Metrics
from calltrackd.ops.once import Once
from calltrackd.ops.systemd import Notifier
from calltrackd.pbx.errors import LoginRefusedError
from calltrackd.pipeline.build import enricher_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.settings import AsteriskPbx, Settings
from calltrackd.sources.numbers import Sources
from calltrackd.store import outbox
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreError
from calltrackd.web.app import Sight, application, listening
from calltrackd.web.live import LiveBus

DELIVERY_S = 4.0
"""How long requests on the wire may take to end at a stop."""
STORE_S = 3.0
"""How long the last changes may take to be committed at a stop; the journal has them anyway."""

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
        self._open = OpenCalls(self._live, self._bus)
        self._enricher = enricher_of(settings)
        self._targets = targets_of(settings)
        self._committer = Committer(
            store, self._enricher, self._targets, told=self._told, unusable=self._once
        )
        self._dispatcher = Dispatcher(StoreLedger(store), self._targets, meter=self._metered)
        self._attachments: dict[str, Attachment] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._samples: dict[str, list[Callable[[], None]]] = {}
        self._refused: dict[str, str] = {}
        self._stop = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None

    # -- life

    async def run(self) -> None:
        """Until `stop`. Raises NoAttachmentLeftError, ListenError, StoreError, JournalError."""
        self._measure()
        async with AsyncExitStack() as stack:
            if self._settings.web.enabled:
                await self._open_port(stack)
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                committing = tasks.create_task(self._committer.run(), name="committer")
                sending = tasks.create_task(self._dispatcher.run(), name="dispatcher")
                chores = [
                    tasks.create_task(self._open.run(), name="open calls"),
                    tasks.create_task(self._watchdog(), name="watchdog"),
                    tasks.create_task(Keeping(self._store, self._kept).run(), name="keeping"),
                ]
                for pbx in self._settings.pbx:
                    await self._attach(pbx)
                self._notifier.ready(self._status())
                await self._stop.wait()
                self._notifier.stopping()
                await self._wind_down(committing, sending, chores)
        if self._refused and len(self._refused) == len(self._settings.pbx):
            raise NoAttachmentLeftError("; ".join(self._refused.values()))

    def stop(self) -> None:
        """Ask for the end; `run` returns when all is written."""
        self._stop.set()

    async def reload(self, settings: Settings) -> None:
        """Take over new settings; calls in progress go on. Raises as Dispatcher.retarget does."""
        self._notifier.reloading()
        targets = targets_of(settings)
        await self._dispatcher.retarget(targets)
        old, self._settings, self._targets = self._settings, settings, targets
        self._enricher.adopt(Sources(settings.number), settings.kinds)
        self._committer.adopt(targets)
        await self._reattach(old, settings)
        for name in fixed_at_start(old, settings):
            _log.warning("settings.need_restart", section=name)
        self._notifier.ready(self._status())
        _log.info("settings.reloaded", pbx=len(settings.pbx), targets=len(settings.target))

    async def _wind_down(
        self,
        committing: asyncio.Task[None],
        sending: asyncio.Task[None],
        chores: list[asyncio.Task[None]],
    ) -> None:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*(self._detach(name) for name in list(self._attachments)))
        committing.cancel()
        try:
            async with asyncio.timeout(STORE_S):
                await self._committer.flush()
        except TimeoutError:
            _log.warning("store.left_behind", kept="the journal")
        await self._dispatcher.stop(DELIVERY_S)
        await sending
        self._bus.close()
        _log.info("stopped")

    # -- attachments

    async def _attach(self, pbx: AsteriskPbx) -> None:
        attachment = Attachment(pbx, self._settings, self._committer, self._link_told, self._once)
        self._metrics.link_down(pbx.name)
        self._bus.link(pbx.name, up=False, at=time.time())
        await attachment.recover(self._store)
        self._attachments[pbx.name] = attachment
        self._samples[pbx.name] = [
            self._metrics.sample("events", lambda: events_of(attachment)),
            self._metrics.sample("frames", lambda: frames_of(attachment)),
            self._metrics.sample(
                "calls_in_progress", lambda: {(pbx.name,): len(attachment.street.live())}
            ),
            self._metrics.sample("journal_bytes", lambda: {(pbx.name,): attachment.journal.size}),
        ]
        assert self._tasks is not None  # noqa: S101 - set by `run`, the only caller's caller
        self._running[pbx.name] = self._tasks.create_task(
            self._supervise(attachment), name=f"{pbx.name} attachment"
        )

    async def _supervise(self, attachment: Attachment) -> None:
        """A refused login ends one attachment; the others go on."""
        try:
            await attachment.run()
        except* LoginRefusedError as refusals:
            reason = str(refusals.exceptions[0])
            _log.error("login.refused", pbx=attachment.name, reason=reason)
            self._refused[attachment.name] = reason
            self._notifier.status(self._status())
            if len(self._refused) == len(self._settings.pbx):
                self.stop()

    async def _detach(self, name: str) -> None:
        attachment, task = self._attachments.pop(name), self._running.pop(name)
        for end in self._samples.pop(name):
            end()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await attachment.close()

    async def _reattach(self, old: Settings, new: Settings) -> None:
        """Changed attachments begin anew (their journal bridges the moment); others go on."""
        before = {pbx.name: pbx for pbx in old.pbx}
        after = {pbx.name: pbx for pbx in new.pbx}
        for name in [n for n in before if before[n] != after.get(n)]:
            await self._detach(name)
            self._refused.pop(name, None)
            if name not in after:
                self._metrics.link_gone(name)
                self._bus.link_gone(name)
        for name, pbx in after.items():
            if name in self._attachments:
                self._attachments[name].adopt(new)
            else:
                await self._attach(pbx)

    def _link_told(self, name: str, up: bool, at: float) -> None:
        (self._metrics.link_up if up else self._metrics.link_down)(name)
        self._bus.link(name, up=up, at=at)
        self._notifier.status(self._status())

    # -- what was committed

    def _told(self, done: Committed) -> None:
        self._dispatcher.offer(done.rows)
        now = time.time()
        for record, change in zip(done.records, done.changes, strict=bool(done.records)):
            self._metrics.commit_lag.observe(max(0.0, now - change.at))
            self._open.committed(record)
            if change.step == "ended":
                self._metrics.calls.labels(record.direction, record.outcome).inc()
            log_step(record, change.step)

    def _metered(self, target: str, word: str) -> None:
        self._metrics.deliveries.labels(target, word).inc()

    # -- what others look at

    async def _open_port(self, stack: AsyncExitStack) -> None:
        sight = Sight(__version__, self._metrics, self._bus, self._open, self._reasons)
        web = self._settings.web
        port = await stack.enter_async_context(listening(application(sight), web.host, web.port))
        _log.info("port.open", address=f"{web.host}:{port}")

    def _measure(self) -> None:
        async def fetch() -> None:
            async with self._store.read() as conn:
                loads = await outbox.backlog(conn)
            self._metrics.outbox(loads, [target.name for target in self._targets])

        self._metrics.refresh(fetch)

    def _live(self) -> Iterator[CallRecord]:
        for attachment in self._attachments.values():
            yield from attachment.street.live()

    async def _reasons(self) -> list[str]:
        reasons = list(self._refused.values())
        reasons += [
            f"{name}: no link"
            for name, attachment in self._attachments.items()
            if not attachment.link.up and name not in self._refused
        ]
        if self._committer.blocked is not None:
            reasons.append(self._committer.blocked)
        return reasons

    def _kept(self) -> tuple[Settings, list[Attachment]]:
        return self._settings, list(self._attachments.values())

    def _status(self) -> str:
        up = [name for name, attachment in self._attachments.items() if attachment.link.up]
        down = [name for name in self._attachments if name not in up]
        calls = sum(len(attachment.street.live()) for attachment in self._attachments.values())
        told = f"{calls} calls; up: {', '.join(up) or 'none'}"
        return told + (f"; down: {', '.join(down)}" if down else "")

    async def _watchdog(self) -> None:
        """Alive means: the loop turns and the store's writer answers."""
        period = self._notifier.watchdog_s
        while period is not None:
            await asyncio.sleep(period)
            try:
                async with self._store.read():
                    self._notifier.watchdog()
            except StoreError:
                self._notifier.watchdog()  # waiting for a store is no hang: links go on


def targets_of(settings: Settings) -> list[Target]:
    """Who is told."""
    return [target_of(one) for one in settings.target]


def fixed_at_start(old: Settings, new: Settings) -> list[str]:
    """Sections that changed but hold only after a restart."""
    return [
        name
        for name in ("state_dir", "store", "journal", "web", "region")
        if getattr(old, name) != getattr(new, name)
    ]


def log_step(record: CallRecord, step: str) -> None:
    """One line a published change, with the call's id."""
    shown = {
        "did": record.did,
        "caller": record.caller or "hidden",
        "source": record.source.source,
        "queue": record.queue,
        "operators": ",".join(record.operators) or None,
        "outcome": record.outcome if record.outcome != "in_progress" else None,
        "talk_s": round(record.talk_s, 1) or None,
        "tags": ",".join(tag.name for tag in record.tags) or None,
        "certainty": record.certainty if record.certainty != "live" else None,
    }
    _log.info(
        f"call.{step}",
        call=record.id,
        **{name: value for name, value in shown.items() if value is not None},
    )
