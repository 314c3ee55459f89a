"""One PBX: journal, link, intake and street, from recovery to stop.

After a crash the journal is the truth: it is read again from where the oldest call in progress
began, which rebuilds the tracker; what the store has not applied yet is committed; only then does
the link connect. Calls that no journal holds any more are closed as gaps.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from calltrackd.daemon.toner import Toner
from calltrackd.model.call import CallRecord, Change
from calltrackd.ops.once import Once
from calltrackd.pbx.intake import Intake
from calltrackd.pbx.journal import Journal, JournalLimits
from calltrackd.pbx.link import Link
from calltrackd.pipeline.build import number_rules, street_of
from calltrackd.pipeline.commit import Committer
from calltrackd.pipeline.street import Effects
from calltrackd.settings import AsteriskPbx, Settings
from calltrackd.store import attachments, calls
from calltrackd.store.engine import Store

SETTLE_S = 0.25
"""After the end of a pause between keys: the last key may still be on its way to us."""
YIELD_BYTES = 1 << 16
"""Bytes of the street after which others get their turn."""

_log = structlog.get_logger(__name__)
LinkTold = Callable[[str, bool, float], None]
"""Told of an attachment: name, up or down, unix seconds."""


class Attachment:
    """A running attachment. Build, `recover`, `run` in a task; cancel the task to stop."""

    def __init__(
        self, pbx: AsteriskPbx, settings: Settings, committer: Committer, told: LinkTold, once: Once
    ) -> None:
        self.settings = pbx
        self.name = pbx.name
        self.journal = Journal(settings.journal_dir, pbx.name, _limits(settings))
        self.street = street_of(settings, pbx)
        self.intake = Intake(self.journal, settings.journal.memory_bytes)
        self.link = Link(pbx, self.journal, _Watched(self.intake, pbx.name, told))
        self._toner = Toner(pbx, settings.keypad.tone)
        self._committer = committer
        self._once = once
        self._reported: dict[str, int] = {}
        self._moved = asyncio.Event()

    async def recover(self, store: Store) -> None:
        """Rebuild what was in progress, commit what was not committed."""
        async with store.read() as conn:
            applied = await attachments.applied(conn, self.name)
            oldest = await calls.oldest_open_seq(conn, self.name)
            opened = await calls.open_calls(conn, self.name)
        self.journal.start_at(applied + 1)
        start = min(applied + 1, oldest or applied + 1)
        self.journal.keep_from(start)
        ended: set[str] = set()
        for chunk in self.journal.read(start):
            effects = self.street.feed(chunk)
            ended |= {c.record.id for c in effects.changes if c.step == "ended"}
            if chunk.seq > applied:
                await self._commit(effects)
        await self._close_orphans([record for record in opened if record.id not in ended])
        if opened:
            _log.info("calls.rebuilt", pbx=self.name, from_seq=start, calls=len(opened))

    async def run(self) -> None:
        """Follow the PBX until cancelled. Raises LoginRefusedError."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name=f"{self.name} street")
            group.create_task(self._tick(), name=f"{self.name} keys")
            await self.link.run()

    async def close(self) -> None:
        """The link is down: take what was read before, then let go of the journal."""
        self.intake.close()
        await self._follow()
        await self._toner.close()
        await asyncio.to_thread(self.journal.close)

    async def keep(self, store: Store) -> None:
        """Tell the journal from where on it is still needed."""
        async with store.read() as conn:
            applied = await attachments.applied(conn, self.name)
            oldest = await calls.oldest_open_seq(conn, self.name)
        self.journal.keep_from(min(applied + 1, oldest or applied + 1))

    def adopt(self, settings: Settings) -> None:
        """New numbers, key maps and tone, for what happens from now on."""
        self.street.adopt(number_rules(settings), settings.keypad)
        self._toner.kind = settings.keypad.tone

    async def _follow(self) -> None:
        taken = 0
        async for chunk in self.intake:
            effects = self.street.feed(chunk)
            await self._commit(effects)
            await self._confirm(effects)
            self._report()
            self._moved.set()
            taken += len(chunk.data)
            if taken > YIELD_BYTES:
                taken = 0
                await asyncio.sleep(0)

    async def _commit(self, effects: Effects) -> None:
        street = self.street
        await self._committer.put(self.name, street.seq, effects.changes, street.first_seqs)

    async def _confirm(self, effects: Effects) -> None:
        for verdict in effects.verdicts:
            channels = self.street.tracker.operator_channels(verdict.call_id, verdict.operator)
            for channel in channels:
                self._toner.confirm(channel, known=verdict.kind != "unknown")

    async def _tick(self) -> None:
        """Settle pauses between keys when nothing else comes."""
        while True:
            deadline = self.street.next_deadline()
            wait = None if deadline is None else max(0.0, deadline + SETTLE_S - time.time())
            self._moved.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._moved.wait()
            except TimeoutError:
                if not self.intake.behind:
                    effects = self.street.tick(time.time() - SETTLE_S)
                    await self._commit(effects)
                    await self._confirm(effects)

    def _report(self) -> None:
        """Count what could not be used; the first of a kind is logged."""
        unusable = self.street.unusable
        if unusable.total() == sum(self._reported.values()):
            return
        for kind, count in unusable.items():
            for _ in range(count - self._reported.get(kind, 0)):
                self._once(f"event {kind}", pbx=self.name, journal_seq=self.street.seq)
        self._reported = dict(unusable)

    async def _close_orphans(self, opened: list[CallRecord]) -> None:
        """Calls in progress by the store that the journal does not know."""
        known = {record.id for record in self.street.live()}
        for record in opened:
            if record.id in known:
                continue
            _log.warning("call.end_unknown", call=record.id, pbx=self.name)
            change = _closed(record, self.journal.last_at or record.started_at)
            await self._committer.put(self.name, self.street.seq, [change], {})


class _Watched:
    """The intake, with the link's ups and downs told to others too."""

    def __init__(self, intake: Intake, name: str, told: LinkTold) -> None:
        self._intake, self._name, self._told = intake, name, told
        self.chunk = intake.chunk

    def lost(self, seq: int, at: float) -> None:
        """The link ended."""
        self._intake.lost(seq, at)
        self._told(self._name, False, at)

    def up(self, seq: int, at: float) -> None:
        """Logged in."""
        self._intake.up(seq, at)
        self._told(self._name, True, at)


def _limits(settings: Settings) -> JournalLimits:
    journal = settings.journal
    return JournalLimits(
        segment_bytes=journal.segment_bytes,
        segment_age_s=journal.segment_age_s,
        total_bytes=journal.keep_bytes,
        total_age_s=journal.keep_days * 86_400,
    )


def _closed(record: CallRecord, at: float) -> Change:
    """The record with an unseen end: the last moment at which the call was known alive."""
    known = [record.started_at, record.rang_at, record.answered_at]
    known += [moment for talk in record.talks for moment in (talk.start, talk.to)]
    end = max([at, *(moment for moment in known if moment is not None)])
    record.ended_at, record.certainty, record.hung_up_by = end, "gap", "unknown"
    record.duration_s = end - record.started_at
    if record.outcome == "in_progress":
        record.outcome = "no_answer"
        record.lost = record.direction == "inbound"
    for talk in record.talks:
        talk.to = end if talk.to is None else talk.to
    record.talk_s = sum((talk.to or end) - talk.start for talk in record.talks)
    record.clean_talk_s = record.talk_s - record.hold_s
    return Change(record, "ended", end)


def frames_of(attachment: Attachment) -> Mapping[tuple[str, ...], float]:
    """Frames that gave no event, for the metrics page."""
    return {(attachment.name, name): n for name, n in attachment.street.frames.items()}


def events_of(attachment: Attachment) -> Mapping[tuple[str, ...], float]:
    """Channel events by type, for the metrics page."""
    return {(attachment.name, name): n for name, n in attachment.street.seen.items()}
