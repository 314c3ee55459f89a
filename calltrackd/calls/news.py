"""What the tracker tells the outside: changes worth publishing, and key presses."""

from calltrackd.calls.call import Call
from calltrackd.calls.record import NumberRules, record_of
from calltrackd.model.call import CallRecord, Change, KeyPress, Pressed, Step
from calltrackd.model.ids import call_id


class News:
    """Gathers until it is asked; finds published calls in progress by their public id."""

    def __init__(self, pbx: str, numbers: NumberRules) -> None:
        self._pbx = pbx
        self._numbers = numbers
        self._changes: list[Change] = []
        self._presses: list[Pressed] = []
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
        else:
            self.published[call.public_id] = call
        self._changes.append(Change(self.record(call, at), step, at))

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
