"""Bytes of one attachment in, changes out: pure, so that a replayed journal does the same again.

Nothing here looks at a clock: a chunk bears the time at which it was read, and pauses between phone
keys are settled when the next chunk (or `tick`) passes their end. What a change is worth is the
same, whichever comes first.

An event on which the tracker breaks is a fault of ours. It is counted and handed on, and the next
event is taken: one strange call must neither stop the others nor, read again from the journal after
a restart, keep the daemon from starting.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from calltrackd.calls.record import NumberRules
from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord, Change, Pressed
from calltrackd.model.channel import ChannelEvent
from calltrackd.pbx.stream import Chunk
from calltrackd.pipeline.dialect import Dialect
from calltrackd.pipeline.given import GivenTags
from calltrackd.pipeline.origins import Origins
from calltrackd.settings import Keypad as Rules
from calltrackd.tagging.keypad import Keypad, Verdict


class Effects(msgspec.Struct):
    """What one chunk did: changes to commit, keypad verdicts to confirm by a tone."""

    changes: list[Change] = []
    verdicts: list[Verdict] = []
    first_seqs: dict[str, int] = {}
    """Of the calls that changed: number of the chunk from which each can be rebuilt."""
    faults: list[tuple[str, Exception]] = []
    """Name of an event, and how the tracker broke on it."""


class Street:
    """One attachment's codec, translator, tracker and keypad."""

    def __init__(
        self, pbx: str, dialect: Dialect[Any], numbers: NumberRules, keypad: Keypad
    ) -> None:
        self.pbx = pbx
        self._codec, self._translator = dialect.codec, dialect.translator
        self._name = dialect.name
        self._numbers = numbers
        self.tracker = Tracker(pbx, numbers)
        self._keypad = keypad
        self._origins = Origins()
        self._given = GivenTags()
        self._faults: Counter[str] = Counter()
        self.first_seqs: dict[str, int] = {}
        """Call in progress -> number of the chunk from which it can be rebuilt."""
        self.seq = 0
        """The last chunk taken."""
        self.at = 0.0
        """Its time."""
        self.seen: Counter[str] = Counter()
        """Channel events by type."""

    @property
    def frames(self) -> Mapping[str, int]:
        """Frames that gave no event, by reason."""
        return self._codec.counters

    @property
    def unusable(self) -> Counter[str]:
        """Events that lacked a header, spoke of unknown channels or broke the tracker, by name."""
        return self._translator.unusable + self.tracker.unknown + self._faults

    @property
    def in_progress(self) -> int:
        """Published calls that live."""
        return len(self.first_seqs)

    @property
    def needs_from(self) -> int:
        """The oldest chunk without which what goes on now could not be rebuilt; it only grows."""
        return min([self._origins.bound(), *self.first_seqs.values()])

    def feed(self, chunk: Chunk) -> Effects:
        """Take the next chunk of the journal."""
        effects = self.tick(chunk.at)
        self.seq, self.at = chunk.seq, chunk.at
        if chunk.mark is not None:
            self._mark(chunk, effects)
            return effects
        self._origins.chunk(chunk.seq, chunk.at)
        frames = self._codec.feed(chunk.data)
        for frame in frames:
            self._frame(frame, effects)
        self._origins.settled(cut=self._codec.held > 0, ended=bool(frames))
        return effects

    def tick(self, at: float) -> Effects:
        """Settle the pauses between keys that ended by `at`."""
        effects = Effects()
        deadline = self._keypad.next_deadline()
        if deadline is not None and deadline <= at:
            self._judge(self._keypad.expire(at), effects)
        return effects

    def next_deadline(self) -> float | None:
        """When `tick` has something to do, unix seconds."""
        return self._keypad.next_deadline()

    def finish(self) -> Effects:
        """The input ended: what lives has an unseen end."""
        effects = self.tick(float("inf"))
        self._take(self.tracker.close(self.at), effects)
        return effects

    def adopt(self, numbers: NumberRules, keypad: Rules) -> None:
        """Reloaded settings, for what happens from now on."""
        self._numbers.adopt(numbers)
        self._keypad.adopt(keypad)

    def live(self) -> list[CallRecord]:
        """Records of the calls in progress."""
        return self.tracker.live(self.at)

    def _mark(self, chunk: Chunk, effects: Effects) -> None:
        self._codec.reset()
        if chunk.mark == "reconnect":
            self._origins.connected(chunk.seq, chunk.at)
            return
        for event in self._translator.link_lost(chunk.at):
            self._walk(event, effects)
        self._origins.ended(chunk.seq)

    def _frame(self, frame: Any, effects: Effects) -> None:
        try:
            events = self._translator.feed(self.at, frame)
        except Exception as error:  # noqa: BLE001 - border: see the module's docstring
            self._fault(self._name(frame), error, effects)
            return
        for event in events:
            self._walk(event, effects)

    def _walk(self, event: ChannelEvent, effects: Effects) -> None:
        self.seen[type(event).__name__] += 1
        self._origins.see(event)
        try:
            self._take(self.tracker.feed(event), effects)
            for pressed in self.tracker.take_presses():
                self._press(pressed, effects)
        except Exception as error:  # noqa: BLE001 - border: see the module's docstring
            self._fault(type(event).__name__, error, effects)

    def _fault(self, name: str, error: Exception, effects: Effects) -> None:
        self._faults[f"fault in {name}"] += 1
        effects.faults.append((name, error))

    def _press(self, pressed: Pressed, effects: Effects) -> None:
        verdicts = self._keypad.press(pressed.record, pressed.press, pressed.talking)
        self._judge(verdicts, effects)

    def _take(self, changes: Iterable[Change], effects: Effects) -> None:
        for change in changes:
            call_id = change.record.id
            first = self.first_seqs.setdefault(call_id, self._origins.first())
            effects.first_seqs[call_id] = first
            if change.step == "ended":
                self._end(change, effects)
            effects.changes.append(change)

    def _end(self, change: Change, effects: Effects) -> None:
        """Keys half typed are settled by the end of their call."""
        call_id = change.record.id
        for verdict in self._keypad.forget(call_id):
            self._given.mark(change, verdict)
            effects.verdicts.append(verdict)
        self._given.forget(call_id)
        del self.first_seqs[call_id]

    def _judge(self, verdicts: Iterable[Verdict], effects: Effects) -> None:
        for verdict in verdicts:
            effects.verdicts.append(verdict)
            record = self.tracker.record(verdict.call_id, verdict.at)
            change = None if record is None else Change(record, "updated", verdict.at)
            if change is not None and self._given.mark(change, verdict):
                effects.changes.append(change)
                first = self.first_seqs.get(verdict.call_id, self.seq)
                effects.first_seqs[verdict.call_id] = first
