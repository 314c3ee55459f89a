"""A row as its connector reads it: the step, and the record as it was then."""

from datetime import datetime
from typing import Any

import msgspec

from calltrackd.model.call import CallRecord, Step, seconds
from calltrackd.model.outbox import URGENT, OutboxRow


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a call. `at`: when it was stored, unix seconds."""

    id: str
    """The row's id: the same for the same target, call and version."""
    step: Step
    at: float
    record: CallRecord

    @property
    def urgent(self) -> bool:
        """Somebody is about to pick up."""
        return self.step in URGENT

    @property
    def missed(self) -> bool:
        """The call is over, it was inbound, and no person answered."""
        return self.record.ended_at is not None and self.record.lost


def event_of(row: OutboxRow) -> Event:
    """The row's body, which is the public shape, back in memory's shape.

    Raises msgspec.ValidationError or ValueError for a body that is none of ours.
    """
    body = msgspec.json.decode(row.body)
    data = _timed(body["data"])
    data["talks"] = [{"start": talk.pop("from"), **talk} for talk in data["talks"]]
    record = msgspec.convert(data, CallRecord)
    return Event(id=row.id, step=row.step, at=seconds(body["timestamp"]), record=record)


def _timed(value: Any, name: str = "") -> Any:
    """Moments as unix seconds again: `at`, `*_at`, and a talk's `from` and `to`."""
    if isinstance(value, dict):
        return {key: _timed(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_timed(one) for one in value]
    if isinstance(value, str) and (name in {"at", "from", "to"} or name.endswith("_at")):
        return _moment(value)
    return value


def _moment(text: str) -> float | str:
    """RFC 3339 as unix seconds; a transfer's `to` is an extension and stays one."""
    if not text.endswith("Z"):
        return text
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return text
