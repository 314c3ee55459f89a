"""The attachments as they run: put up, watched, taken down, exchanged by a reload."""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec
import structlog
from sqlalchemy import select

from calltrackd.daemon.attachment import Attachment, LinkTold, events_of, frames_of
from calltrackd.model.call import CallRecord
from calltrackd.ops.metrics import Metrics
from calltrackd.ops.once import Once
from calltrackd.pbx.errors import LoginRefusedError
from calltrackd.pipeline.commit import Committer
from calltrackd.pipeline.orphan import closed
from calltrackd.settings import Pbx, Settings
from calltrackd.store import calls
from calltrackd.store.engine import Store
from calltrackd.store.tables import attachments as applied
from calltrackd.store.tables import calls as records

_log = structlog.get_logger(__name__)


class Watch(msgspec.Struct):
    """Who hears of what happens to attachments."""

    link: LinkTold
    refused: Callable[[], None]
    """A PBX refused our login."""
    known: Callable[[CallRecord], None]
    """A call in progress by the store, when an attachment is put up."""
    gone: Callable[[str], None]
    """The settings do not name it any more."""


class Switchboard:
    """Attachments by name."""

    def __init__(
        self, store: Store, committer: Committer, metrics: Metrics, once: Once, watch: Watch
    ) -> None:
        self._store = store
        self._committer = committer
        self._metrics = metrics
        self._once = once
        self._watch = watch
        self._attached: dict[str, Attachment] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._samples: dict[str, list[Callable[[], None]]] = {}
        self.refused: dict[str, str] = {}
        """Name of an attachment -> why its PBX refused the login."""
        self.failed: dict[str, str] = {}
        """... -> why it could not be put up."""

    def __iter__(self) -> Iterator[Attachment]:
        return iter(list(self._attached.values()))

    def live(self) -> Iterator[CallRecord]:
        """The calls in progress, as the trackers see them."""
        for attachment in self:
            yield from attachment.street.live()

    @property
    def reasons(self) -> list[str]:
        """Why calls of a PBX can't be followed now."""
        found = {**self.refused, **self.failed}
        down = {one.name: "no link" for one in self if not one.link.up}
        return [f"{name}: {why}" for name, why in {**down, **found}.items()]

    @property
    def status(self) -> str:
        """One line for a person."""
        up = [one.name for one in self if one.link.up]
        down = [name for name in [*self._attached, *self.failed] if name not in up]
        told = f"{sum(one.street.in_progress for one in self)} calls; up: {', '.join(up) or 'none'}"
        return told + (f"; down: {', '.join(down)}" if down else "")

    # -- up and down

    async def attach(self, pbx: Pbx, settings: Settings, tasks: asyncio.TaskGroup) -> None:
        """Recover the attachment and run it. Raises JournalError, StoreDown."""
        self._watch.link(pbx.name, False, time.time())
        attachment = Attachment(pbx, settings, self._committer, self._watch.link, self._once)
        await attachment.recover(self._store, self._watch.known)
        self._attached[pbx.name] = attachment
        self._samples[pbx.name] = self._sampled(attachment)
        self._running[pbx.name] = tasks.create_task(
            self._supervise(attachment), name=f"{pbx.name} attachment"
        )

    async def detach(self, name: str, *, for_good: bool = False) -> None:
        """Take what was read, let go of the journal. `for_good`: the settings know it no longer."""
        attachment, task = self._attached.pop(name), self._running.pop(name)
        for end in self._samples.pop(name):
            end()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            if for_good:
                await attachment.part()
            await attachment.close()
        except OSError as error:
            _log.error("journal.not_closed", pbx=name, reason=str(error))

    async def detach_all(self) -> None:
        """The daemon stops."""
        await asyncio.gather(*(self.detach(name) for name in list(self._attached)))

    async def exchange(self, old: Settings, new: Settings, tasks: asyncio.TaskGroup) -> None:
        """Changed and refused attachments begin anew (the journal bridges it); others go on.

        One that can't be put up is told in the log and in `failed`; the next reload tries again.
        """
        before = {pbx.name: pbx for pbx in old.pbx}
        after = {pbx.name: pbx for pbx in new.pbx}
        for name in list(self._attached):
            if before[name] != after.get(name) or name in self.refused:
                await self.detach(name, for_good=name not in after)
                self.refused.pop(name, None)
        for name in before.keys() - after.keys():
            self.failed.pop(name, None)
            self._watch.gone(name)
        for name, pbx in after.items():
            if name in self._attached:
                self._attached[name].adopt(new)
            else:
                await self._try_to_attach(pbx, new, tasks)

    async def _try_to_attach(self, pbx: Pbx, settings: Settings, tasks: asyncio.TaskGroup) -> None:
        self.failed.pop(pbx.name, None)
        try:
            await self.attach(pbx, settings, tasks)
        except Exception as error:  # noqa: BLE001 - one PBX must not cost us the others
            self.failed[pbx.name] = str(error)
            _log.error("attachment.failed", pbx=pbx.name, reason=str(error))

    async def _supervise(self, attachment: Attachment) -> None:
        """A refused login ends one attachment; the others go on."""
        try:
            await attachment.run()
        except LoginRefusedError as refusal:
            _log.error("login.refused", pbx=attachment.name, reason=str(refusal))
            self.refused[attachment.name] = str(refusal)
            self._watch.refused()

    def _sampled(self, attachment: Attachment) -> list[Callable[[], None]]:
        sample, name = self._metrics.sample, (attachment.name,)
        return [
            sample("events", lambda: events_of(attachment)),
            sample("frames", lambda: frames_of(attachment)),
            sample("calls_in_progress", lambda: {name: attachment.street.in_progress}),
            sample("journal_bytes", lambda: {name: attachment.journal.size}),
        ]

    # -- calls of a PBX that nobody attaches to any more

    async def close_strangers(self, settings: Settings) -> None:
        """End as gaps what the store has in progress on PBXs that the settings do not name.

        Raises StoreDown.
        """
        named = {pbx.name for pbx in settings.pbx}
        query = (
            select(records.c.pbx, applied.c.updated_at)
            .outerjoin(applied, applied.c.pbx == records.c.pbx)
            .where(records.c.ended_at.is_(None))
            .distinct()
        )
        async with self._store.read() as conn:
            found = [row for row in await conn.execute(query) if row.pbx not in named]
            opened = [(row, await calls.open_calls(conn, row.pbx)) for row in found]
        for row, strangers in opened:
            _log.warning("calls.of_unknown_pbx", pbx=row.pbx, calls=len(strangers))
            changes = [closed(record, row.updated_at or 0.0) for record in strangers]
            await self._committer.put(row.pbx, 0, changes, {})
