"""Bytes of one attachment in, changes out: pure, so that a replayed journal does the same again.

Nothing here looks at a clock: a chunk bears the time at which it was read, and pauses between phone
keys are settled when the next chunk (or `tick`) passes their end. What a change is worth is the
same, whichever comes first.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from calltrackd.calls.record import NumberRules
from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord, Change, Pressed, Tag
from calltrackd.model.channel import ChannelEnded, ChannelEvent, ChannelStarted, Snapshot
from calltrackd.pbx.asterisk import HOLDING, WANTED, Translator
from calltrackd.pbx.channels import ChannelRules
from calltrackd.pbx.stream import Chunk
from calltrackd.pbx.wire import AmiCodec
from calltrackd.settings import Keypad as Rules
from calltrackd.tagging.keypad import Keypad, Verdict


class Effects(msgspec.Struct):
    """What one chunk did: changes to commit, keypad verdicts to confirm by a tone."""

    changes: list[Change]
    verdicts: list[Verdict]


class Street:
    """One attachment's codec, translator, tracker and keypad."""

    def __init__(self, pbx: str, rules: ChannelRules, numbers: NumberRules, keypad: Keypad) -> None:
        self.pbx = pbx
        self._codec = AmiCodec(WANTED, holding=HOLDING)
        self._translator = Translator(rules)
        self._numbers = numbers
        self.tracker = Tracker(pbx, numbers)
        self._keypad = keypad
        self._origins = Origins()
        self._given = GivenTags()
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
        """Events that lacked a header or spoke of unknown channels, by name."""
        return self._translator.unusable + self.tracker.unknown

    def feed(self, chunk: Chunk) -> Effects:
        """Take the next chunk of the journal."""
        effects = self.tick(chunk.at)
        self.seq, self.at = chunk.seq, chunk.at
        if chunk.mark is not None:
            self._mark(chunk, effects)
            return effects
        self._origins.chunk(chunk.seq)
        frames = self._codec.feed(chunk.data)
        for frame in frames:
            for event in self._translator.feed(chunk.at, frame):
                self._walk(event, effects)
        self._origins.settled(cut=self._codec.held > 0, ended=bool(frames))
        return effects

    def tick(self, at: float) -> Effects:
        """Settle the pauses between keys that ended by `at`."""
        effects = Effects([], [])
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
            self._origins.connected(chunk.seq)
            return
        for event in self._translator.link_lost(chunk.at):
            self._walk(event, effects)

    def _walk(self, event: ChannelEvent, effects: Effects) -> None:
        self.seen[type(event).__name__] += 1
        self._origins.see(event)
        self._take(self.tracker.feed(event), effects)
        for pressed in self.tracker.take_presses():
            self._press(pressed, effects)

    def _press(self, pressed: Pressed, effects: Effects) -> None:
        verdicts = self._keypad.press(pressed.record, pressed.press, pressed.talking)
        self._judge(verdicts, effects)

    def _take(self, changes: Iterable[Change], effects: Effects) -> None:
        for change in changes:
            call_id = change.record.id
            self.first_seqs.setdefault(call_id, self._origins.first())
            if change.step == "ended":
                for verdict in self._keypad.forget(call_id):
                    self._given.mark(change, verdict)
                    effects.verdicts.append(verdict)
                self._given.forget(call_id)
            effects.changes.append(change)

    def _judge(self, verdicts: Iterable[Verdict], effects: Effects) -> None:
        for verdict in verdicts:
            effects.verdicts.append(verdict)
            record = self.tracker.record(verdict.call_id, verdict.at)
            change = None if record is None else Change(record, "updated", verdict.at)
            if change is not None and self._given.mark(change, verdict):
                effects.changes.append(change)


class GivenTags:
    """Which keypad tags the calls in progress bear, so that a tag pressed twice is one tag."""

    def __init__(self) -> None:
        self._given: dict[str, set[tuple[str, str | None]]] = {}

    def mark(self, change: Change, verdict: Verdict) -> bool:
        """Put the verdict's tag into the change. False when it changes nothing."""
        given = self._given.setdefault(verdict.call_id, set())
        key = verdict.tag, verdict.operator
        if verdict.kind == "unknown" or (verdict.kind == "tag") is (key in given):
            return False
        tag = Tag(
            name=verdict.tag,
            source="keypad",
            by=verdict.operator,
            at=verdict.at,
            evidence={"keys": verdict.keys},
        )
        if verdict.kind == "tag":
            given.add(key)
            change.tags = [*change.tags, tag]
        else:
            given.discard(key)
            change.untags = [*change.untags, tag]
        return True

    def forget(self, call_id: str) -> None:
        """The call ended."""
        self._given.pop(call_id, None)


class Origins:
    """From which chunk on the calls in progress can be rebuilt.

    A call published now may have begun with any channel that lives now (a consultation's, a
    callback's), so its origin is the oldest living channel's: a safe bound, kept in O(1), since
    channels appear in the order of their chunks. Channels known from a snapshot are rebuilt from
    the connection's first chunk.
    """

    def __init__(self) -> None:
        self._channels: dict[str, int] = {}
        self._frame_began = 0
        self._now = 0
        self._connected = 0
        self._from_snapshot: set[str] = set()

    def connected(self, seq: int) -> None:
        """A connection begins with this chunk."""
        self._connected = seq
        self._frame_began = seq

    def chunk(self, seq: int) -> None:
        """The next chunk; the frame cut at its start began in an earlier one."""
        self._now = seq
        if self._frame_began == 0:
            self._frame_began = seq

    def settled(self, *, cut: bool, ended: bool) -> None:
        """The chunk is taken. `cut`: a frame goes on in the next; `ended`: some frame ended."""
        if not cut:
            self._frame_began = 0
        elif ended:
            self._frame_began = self._now

    def see(self, event: ChannelEvent) -> None:
        """Follow which channels live."""
        if isinstance(event, ChannelStarted):
            self._channels.setdefault(event.channel, self._frame_began)
        elif isinstance(event, ChannelEnded):
            self._channels.pop(event.channel, None)
            self._from_snapshot.discard(event.channel)
        elif isinstance(event, Snapshot):
            self._snapshot(event)

    def first(self) -> int:
        """The oldest chunk that matters now."""
        oldest = next(iter(self._channels.values()), self._frame_began or self._now)
        return min(oldest, self._connected) if self._from_snapshot else oldest

    def _snapshot(self, event: Snapshot) -> None:
        alive = {seen.channel for seen in event.channels}
        self._from_snapshot |= alive - self._channels.keys()
        self._from_snapshot &= alive
        for gone in self._channels.keys() - alive:
            if self._channels[gone] < self._connected:
                del self._channels[gone]
