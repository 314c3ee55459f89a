"""From one published change of a call to what each target is owed."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from calltrackd.crm.target import Target
from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord, Step, public, public_alert, rfc3339
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
    out["tags"] = [{**tag, "evidence": _hidden_words(tag["evidence"])} for tag in out["tags"]]
    return out


def _hidden_words(evidence: dict[str, Any]) -> dict[str, Any]:
    """Evidence without numbers that were said."""
    out = dict(evidence)
    if "quote" in out:
        out["quote"] = without_numbers(out["quote"])
    if "spans" in out:
        out["spans"] = [_hidden_words(span) for span in out["spans"]]
    return out


class _Bodies:
    """The event's JSON, made at most once open and once masked, whatever the targets are."""

    def __init__(self, record: CallRecord, alert: Alert | None, at: float) -> None:
        self._record = record
        self._alert = alert
        self._at = rfc3339(at)
        self._data: dict[bool, str] = {}
        self._made: dict[tuple[Step, bool], str] = {}

    def get(self, step: Step, *, mask: bool) -> str:
        if (step, mask) not in self._made:
            told = self._told(mask=mask) if step == "alert" and self._alert is not None else ""
            head = f'{{"type":"call.{step}","timestamp":"{self._at}",{told}"data":'
            self._made[step, mask] = f"{head}{self._shown(mask=mask)}}}"
        return self._made[step, mask]

    def _shown(self, *, mask: bool) -> str:
        if mask not in self._data:
            shown = public(self._record)
            self._data[mask] = msgspec.json.encode(hidden(shown) if mask else shown).decode()
        return self._data[mask]

    def _told(self, *, mask: bool) -> str:
        assert self._alert is not None  # noqa: S101  # asked by `get` only then
        shown = public_alert(self._alert)
        if mask:
            shown["evidence"] = _hidden_words(self._alert.evidence)
        return f'"alert":{msgspec.json.encode(shown).decode()},'


def rows_for(
    record: CallRecord,
    step: Step,
    targets: Iterable[Target],
    at: float,
    alert: Alert | None = None,
) -> list[OutboxRow]:
    """One row for each target that wants this step of this call.

    `record` has its version from the store; `at` is this machine's clock (unix seconds), for it
    decides when a row is due and when a start is stale: a PBX's clock may be elsewhere. `alert`:
    what the step `alert` tells.
    """
    bodies = _Bodies(record, alert, at)
    heard = ((target, target.wants(record, step)) for target in targets)
    return [
        OutboxRow(
            id=row_id(target.name, record.id, record.version),
            target=target.name,
            call_id=record.id,
            version=record.version,
            step=told,
            body=bodies.get(told, mask=target.wants.mask_numbers),
            created_at=at,
            next_at=at,
        )
        for target, told in heard
        if told is not None
    ]
