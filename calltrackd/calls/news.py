"""What the tracker tells the outside: changes worth publishing, and key presses."""

from collections.abc import Iterable

from calltrackd.calls.call import Call
from calltrackd.calls.names import Names
from calltrackd.calls.record import NumberRules, record_of
from calltrackd.model.call import CallRecord, Change, KeyPress, Pressed, Step, ringing
from calltrackd.model.ids import call_id


class News:
    """Gathers until it is asked; finds published calls in progress by their public id."""

    def __init__(self, pbx: str, numbers: NumberRules) -> None:
        self._pbx = pbx
        self._numbers = numbers
        self._changes: list[Change] = []
        self._presses: list[Pressed] = []
        self._ringing: Names = {}
        """Calls in which phones began to ring or stopped, by id."""
        self._told_ringing: dict[str, list[str]] = {}
        """Whose phones ring, as the outside was told last; nobody's: left out or empty."""
        self.published: dict[str, Call] = {}
        """Calls in progress that the outside knows, by id."""

    def publish(self, call: Call, step: Step, at: float) -> None:
        """A change of the call. A provisional call is told only when it ends."""
        if call.provisional and step != "ended":
            return
        if not call.public_id:
            if step not in ("started", "ended"):
                return
            call.public_id = call_id(call.started_at, self._pbx, call.first)
        if step == "ended":
            self.published.pop(call.public_id, None)
            self._ringing.pop(call.public_id, None)
        else:
            self.published[call.public_id] = call
        record = self.record(call, at)
        if not ringing(record):
            self._told_ringing.pop(call.public_id, None)
        self._changes.append(Change(record, step, at))

    def rings(self, call: Call) -> None:
        """A phone of the call began to ring, or stopped; who wants to know asks `take_ringing`."""
        if call.public_id in self.published:
            self._ringing[call.public_id] = None

    @property
    def ringing_moved(self) -> bool:
        """Phones began to ring or stopped since `take_ringing`."""
        return bool(self._ringing)

    def take_ringing(self, at: float) -> list[Change]:
        """The calls for which other phones ring than was told last."""
        moved, self._ringing = self._ringing, {}
        calls = [call for call_id in moved if not (call := self.published[call_id]).picking_up()]
        records = [self.record(call, at) for call in calls]
        told = self._told_ringing
        changed = [record for record in records if ringing(record) != told.get(record.id, [])]
        self.was_told(changed)
        return [Change(record, "ringing", at) for record in changed]

    def was_told(self, records: Iterable[CallRecord]) -> None:
        """What the outside knows of who rings in calls in progress."""
        for record in records:
            if record.id in self.published:
                self._told_ringing[record.id] = ringing(record)

    def press(self, call: Call, press: KeyPress, *, talking: bool) -> None:
        """A key press in a call; those of calls that nobody knows are kept in the record only."""
        if call.public_id:
            self._presses.append(Pressed(self.record(call, press.at), press, talking))

    def record(self, call: Call, at: float) -> CallRecord:
        """The record as it stands at `at`."""
        return record_of(call, self._pbx, self._numbers, at)

    def take_changes(self) -> list[Change]:
        """The changes since the last time, in order."""
        if not self._changes:
            return []
        changes, self._changes = self._changes, []
        return changes

    def take_presses(self) -> list[Pressed]:
        """The key presses of published calls since the last time, in order."""
        presses, self._presses = self._presses, []
        return presses
