"""From one published change of a call to what each target is owed."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from calltrackd.crm.target import Target
from calltrackd.model.call import CallRecord, Step, public, rfc3339
from calltrackd.model.outbox import OutboxRow
from calltrackd.ops.masking import without_numbers


def row_id(target: str, call_id: str, version: int) -> str:
    """The webhook-id: the same for the same target, call and version, after every crash too.

    >>> row_id("crm", "01a2efe9-9992-7000-8000-000000000000", 1)
    'msg_41b805930d27a5af08aad0b917202425'
    """
    key = f"{target}\0{call_id}\0{version}".encode()
    return f"msg_{blake2b(key, digest_size=16).hexdigest()}"


def hidden(shown: dict[str, Any]) -> dict[str, Any]:
    """The public record without numbers of people outside: the client's, and transfers'."""
    out = dict(shown)
    for name in ("caller", "caller_raw", "caller_name"):
        out[name] = None if out[name] is None else without_numbers(out[name])
    out["transfers"] = [
        {**one, "to": None if one["to"] is None else without_numbers(one["to"])}
        for one in out["transfers"]
    ]
    return out


class _Bodies:
    """The event's JSON, made at most once open and once masked, whatever the targets are."""

    def __init__(self, record: CallRecord, step: Step, at: float) -> None:
        self._record = record
        self._head = f'{{"type":"call.{step}","timestamp":"{rfc3339(at)}","data":'
        self._made: dict[bool, str] = {}

    def get(self, *, mask: bool) -> str:
        if mask not in self._made:
            shown = public(self._record)
            data = msgspec.json.encode(hidden(shown) if mask else shown).decode()
            self._made[mask] = f"{self._head}{data}}}"
        return self._made[mask]


def rows_for(
    record: CallRecord, step: Step, targets: Iterable[Target], at: float
) -> list[OutboxRow]:
    """One row for each target that wants this step of this call.

    `record` has its version from the store; `at` is this machine's clock (unix seconds), for it
    decides when a row is due and when a start is stale: a PBX's clock may be elsewhere.
    """
    bodies = _Bodies(record, step, at)
    return [
        OutboxRow(
            id=row_id(target.name, record.id, record.version),
            target=target.name,
            call_id=record.id,
            version=record.version,
            step=step,
            body=bodies.get(mask=target.wants.mask_numbers),
            created_at=at,
            next_at=at,
        )
        for target in targets
        if target.wants(record, step)
    ]
