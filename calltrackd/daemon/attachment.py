"""One PBX: journal, link, intake and street, from recovery to stop.

After a crash the journal is the truth: it is read again from where it is needed, which rebuilds the
tracker; what the store has not applied yet is committed; only then does the link connect. Calls
that no journal holds any more are closed as gaps.

What a chunk gave is queued for the store before anything is waited for. So a stop, at any moment,
leaves nothing between street and queue, and what the queue can't commit the journal gives again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from calltrackd.daemon.alarms import EVERY_S, Alarms
from calltrackd.daemon.clock import SteadyClock
from calltrackd.daemon.makes import link_of
from calltrackd.daemon.needed import NeededFrom
from calltrackd.daemon.ringing import Ringing
from calltrackd.model.call import CallRecord
from calltrackd.ops.once import Once
from calltrackd.pbx.errors import LoginRefusedError
from calltrackd.pbx.intake import Intake
from calltrackd.pbx.journal import Journal, JournalLimits
from calltrackd.pipeline.build import number_rules, stream_of, street_of
from calltrackd.pipeline.commit import Committer
from calltrackd.pipeline.orphan import closed
from calltrackd.pipeline.street import Effects
from calltrackd.settings import Pbx, Settings
from calltrackd.store import attachments, calls
from calltrackd.store.engine import Store

SETTLE_S = 0.25
"""After the end of a pause between keys: the last key may still be on its way to us."""
TONE_LATE_S = 2.0
"""A key read so much later than it came is not confirmed: the operator is elsewhere by then."""
FOLLOW_S = 1.0
"""How long a stop waits for what was read already; the journal has it anyway."""
YIELD_BYTES = 1 << 13
"""Bytes of the street (2-4 ms) after which others get their turn: a transaction needs ten turns."""

_log = structlog.get_logger(__name__)
LinkTold = Callable[[str, bool, float], None]
"""Told of an attachment: name, up or down, unix seconds."""


class Attachment:
    """A running attachment. Build, `recover`, `run` in a task; cancel the task and `close`."""

    def __init__(
        self, pbx: Pbx, settings: Settings, committer: Committer, told: LinkTold, once: Once
    ) -> None:
        self.settings = pbx
        self.name = pbx.name
        limits = _limits(settings)
        self.journal = Journal(settings.journal_dir, pbx.name, limits, stream_of(pbx))
        self.street = street_of(settings, pbx)
        self._clock = SteadyClock(idle=lambda: self.street.in_progress == 0)
        self._intake = Intake(self.journal, settings.journal.memory_bytes)
        watched = _Watched(self._intake, pbx.name, told)
        self.link, self._toner = link_of(
            pbx, self.journal, watched, self._clock, settings.keypad.tone
        )
        self._committer = committer
        self._alarms = Alarms(settings.alert)
        self._ringing = Ringing(self.street, committer, self._clock, lambda: self.behind)
        self._once = once
        self._needed = NeededFrom(self.journal.folder)
        self._noted = (0, 1)
        """The last chunk taken at some moment, and what was needed then."""
        self._reported: dict[str, int] = {}
        self._faulty: set[str] = set()
        self._moved = asyncio.Event()

    # -- life

    async def recover(self, store: Store, known: Callable[[CallRecord], None]) -> None:
        """Rebuild what was in progress, commit what was not committed.

        `known` is told the calls in progress as the store has them. Raises StoreDown, and then the
        journal is free again.
        """
        try:
            await self._recover(store, known)
        except BaseException:
            await asyncio.to_thread(self.journal.close)
            raise

    async def run(self) -> None:
        """Follow the PBX until cancelled, then take what was read already, for FOLLOW_S at most.

        Raises LoginRefusedError; JournalError when the journal lost what was to be read back.
        """
        linking = asyncio.create_task(self.link.run(), name=f"{self.name} link")
        following = asyncio.create_task(self._follow(), name=f"{self.name} street")
        ticking = asyncio.create_task(self._tick(), name=f"{self.name} keys")
        judging = asyncio.create_task(self._judge(), name=f"{self.name} alerts")
        ringing = asyncio.create_task(self._ringing.run(), name=f"{self.name} ringing")
        tasks = (linking, following, ticking, judging, ringing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            errors = await self._wind_down(*tasks)
        for error in errors:
            raise error

    async def _wind_down(
        self,
        linking: asyncio.Task[None],
        following: asyncio.Task[None],
        *others: asyncio.Task[None],
    ) -> list[Exception]:
        """The link first, then what it brought; what went wrong, in that order."""
        linking.cancel()
        await asyncio.wait({linking})
        self._intake.close()
        _, late = await asyncio.wait({following}, timeout=FOLLOW_S)
        if late:
            _log.warning("street.left_behind", pbx=self.name, kept="the journal")
        for task in (following, *others):
            task.cancel()
        done = await asyncio.gather(linking, following, *others, return_exceptions=True)
        errors = [error for error in done if isinstance(error, Exception)]
        for error in errors:
            if not isinstance(error, LoginRefusedError):
                _log.error("attachment.broke", pbx=self.name, exc_info=error)
        return errors

    async def part(self) -> None:
        """The PBX left the settings: nobody will see its calls end."""
        await self._act(self.street.finish(), tones=False)

    async def close(self) -> None:
        """`run` is over: let go of the journal."""
        await self._toner.close()
        await asyncio.to_thread(self.journal.close)

    def adopt(self, settings: Settings) -> None:
        """New numbers, key maps, tone and alerts, for what happens from now on."""
        self._alarms.adopt(settings.alert)
        self.street.adopt(number_rules(settings), settings.keypad)
        self._toner.kind = settings.keypad.tone

    async def keep(self, store: Store) -> None:
        """Tell the journal from where on it is still needed.

        What the street needs at a chunk holds once the store has applied that chunk.
        """
        async with store.read() as conn:
            applied = await attachments.applied(conn, self.name)
            oldest = await calls.oldest_open_seq(conn, self.name)
        noted_at, needed = self._noted
        if applied < noted_at:
            return
        needed = _least(needed, applied + 1, oldest)
        self._needed.write(needed)
        self.journal.keep_from(needed)
        self._noted = self.street.seq, self.street.needs_from

    # -- recovery

    async def _recover(self, store: Store, known: Callable[[CallRecord], None]) -> None:
        async with store.read() as conn:
            stored = await attachments.applied(conn, self.name)
            oldest = await calls.oldest_open_seq(conn, self.name)
            opened = await calls.open_calls(conn, self.name)
        for record in opened:
            known(record)
            self._alarms.known(record)
        applied = self._committer.resume(self.name, stored)
        self.journal.start_at(applied + 1)
        start = _least(applied + 1, oldest, self._needed.read())
        self._needed.write(start)
        self.journal.keep_from(start)
        self._noted = applied, start
        ended = await self._feed_again(start, applied)
        self.street.tracker.was_told(opened)
        await self._close_orphans([record for record in opened if record.id not in ended])
        if opened:
            _log.info("calls.rebuilt", pbx=self.name, from_seq=start, calls=len(opened))

    async def _feed_again(self, start: int, applied: int) -> set[str]:
        """Read the journal again; the ids of calls that end in it."""
        ended: set[str] = set()
        taken = 0
        for chunk in self.journal.read(start):
            effects = self.street.feed(chunk)
            ended |= {c.record.id for c in effects.changes if c.step == "ended"}
            if chunk.seq > applied:
                await self._act(effects, tones=False)
            taken += len(chunk.data)
            if taken > YIELD_BYTES:
                taken = 0
                await asyncio.sleep(0)
        return ended

    async def _close_orphans(self, opened: Sequence[CallRecord]) -> None:
        """Calls in progress by the store that the journal does not know."""
        for record in opened:
            if record.id in self.street.first_seqs:
                continue
            _log.warning("call.end_unknown", call=record.id, pbx=self.name)
            self._alarms.forget(record.id)
            change = closed(record, self.journal.last_at or record.started_at)
            await self._committer.put(self.name, self.street.seq, [change], {})

    # -- following

    async def _follow(self) -> None:
        taken = 0
        async for chunk in self._intake:
            effects = self.street.feed(chunk)
            self._moved.set()
            await self._act(effects, tones=self._clock() - chunk.at < TONE_LATE_S)
            taken += len(chunk.data)
            if taken > YIELD_BYTES:
                taken = 0
                await asyncio.sleep(0)

    async def _tick(self) -> None:
        """Settle pauses between keys when nothing else comes."""
        while True:
            self._moved.clear()
            try:
                async with asyncio.timeout(self._pause_s()):
                    await self._moved.wait()
            except TimeoutError:
                if not self.behind:
                    effects = self.street.tick(self._clock() - SETTLE_S)
                    await self._act(effects, tones=True)

    def _pause_s(self) -> float | None:
        """Until a pause between keys is over; None: chunks wait, which come first, or none runs."""
        deadline = self.street.next_deadline()
        if deadline is None or self.behind:
            return None
        return max(0.0, deadline + SETTLE_S - self._clock())

    async def _judge(self) -> None:
        """Tell what has lasted too long, when nothing else comes from the PBX either.

        Not while the PBX is out of sight or chunks wait: the answer may have been given already.
        """
        while True:
            await asyncio.sleep(EVERY_S)
            if self._alarms and self.link.up and not self.behind:
                at = self._clock()
                changes = self._alarms.of_live(self.street.tracker.live(at), at)
                await self._committer.put(
                    self.name, self.street.seq, changes, self.street.first_seqs
                )

    @property
    def behind(self) -> bool:
        """Chunks in the journal wait for the street."""
        return self.street.seq + 1 < self.journal.next_seq

    async def _act(self, effects: Effects, *, tones: bool) -> None:
        """All that follows from a chunk; what is to be committed is queued before any wait."""
        self._report(effects)
        self._ringing.look()
        if tones:
            self._confirm(effects)
        changes = self._alarms.after(effects.changes)
        await self._committer.put(self.name, self.street.seq, changes, effects.first_seqs)

    def _confirm(self, effects: Effects) -> None:
        for verdict in effects.verdicts:
            channels = self.street.tracker.operator_channels(verdict.call_id, verdict.operator)
            for channel in channels:
                self._toner.confirm(channel, known=verdict.kind != "unknown")

    def _report(self, effects: Effects) -> None:
        """Count what could not be used; the first of a kind is logged."""
        for name, error in effects.faults:
            if name not in self._faulty:
                self._faulty.add(name)
                _log.error("event.fault", pbx=self.name, type=name, exc_info=error)
        unusable = self.street.unusable
        if unusable.total() == sum(self._reported.values()):
            return
        for kind, count in unusable.items():
            for _ in range(count - self._reported.get(kind, 0)):
                self._once(f"event {kind}", pbx=self.name, journal_seq=self.street.seq)
        self._reported = dict(unusable)


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


def _least(first: int, *others: int | None) -> int:
    return min([first, *(number for number in others if number is not None)])


def _limits(settings: Settings) -> JournalLimits:
    journal = settings.journal
    return JournalLimits(
        segment_bytes=journal.segment_bytes,
        segment_age_s=journal.segment_age_s,
        total_bytes=journal.keep_bytes,
        total_age_s=journal.keep_days * 86_400,
    )


def frames_of(attachment: Attachment) -> Mapping[tuple[str, ...], float]:
    """Frames that gave no event, for the metrics page."""
    return {(attachment.name, name): n for name, n in attachment.street.frames.items()}


def events_of(attachment: Attachment) -> Mapping[tuple[str, ...], float]:
    """Channel events by type, for the metrics page."""
    return {(attachment.name, name): n for name, n in attachment.street.seen.items()}
