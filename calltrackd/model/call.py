"""The call record: one attempt of one outside party to talk with the company.

Field by field as RECORD.md defines them. In memory times are unix seconds; `public` gives the one
public shape that store, API, webhook, CLI and replay share: RFC 3339 UTC with milliseconds, `*_s`
rounded to milliseconds.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec

from calltrackd.model.alert import Alert
from calltrackd.model.channel import Disposition, Side
from calltrackd.model.deal import CallDeal
from calltrackd.model.person import Person

Direction = Literal["inbound", "outbound", "internal"]
Outcome = Literal[
    "answered", "abandoned", "no_answer", "busy", "rejected", "voicemail", "failed", "in_progress"
]
TagSource = Literal["keypad", "phrase", "manual", "rule", "crm"]
Certainty = Literal["live", "recovered", "gap"]
HungUpBy = Literal["caller", "operator", "pbx", "unknown"]
Party = Literal["caller", "operator"]
Step = Literal["started", "ringing", "answered", "ended", "updated", "alert"]
"""What a published change means to a CRM; the webhook's type is `call.` + step. `ringing`: other
phones than before ring for the client; only told where a target wants to hear of it."""


class Leg(msgspec.Struct):
    """A phone that was offered the call. Disposition None while it still rings."""

    operator: str
    rang_at: float | None = None
    ended_at: float | None = None
    disposition: Disposition | None = None


class Talk(msgspec.Struct):
    """One segment of an operator with the client; `to` None while it lasts."""

    operator: str
    start: float
    to: float | None = None
    hold_s: float = 0.0


class Transfer(msgspec.Struct):
    """How the client came from one operator to the next."""

    kind: Literal["blind", "attended", "park", "pickup", "redirect"]
    by: str | None
    to: str | None
    at: float
    completed: bool = False


class KeyPress(msgspec.Struct):
    """One real key press."""

    by: Party
    party: str | None
    digit: str
    at: float


class Tag(msgspec.Struct, kw_only=True):
    """A mark on the call, with who set it and on what evidence."""

    name: str
    source: TagSource
    by: str | None = None
    """Extension, user or CRM that set it."""
    at: float
    evidence: dict[str, Any] = {}


class Recording(msgspec.Struct):
    """An audio file of the call."""

    path: str
    side: Side
    started_at: float
    duration_s: float | None = None


class Source(msgspec.Struct, omit_defaults=True):
    """The advertising that brought the call: from the number's entry or the visit."""

    medium: str | None = None
    source: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    landing: str | None = None
    cost_group: str | None = None
    click_ids: dict[str, str] = {}


class EarlierCall(msgspec.Struct):
    """What the operator should know of a client's earlier call before picking up."""

    id: str
    started_at: float
    outcome: Outcome
    operators: list[str]
    tags: list[str]


class CallRecord(msgspec.Struct, kw_only=True):
    """The whole record (RECORD.md). `version` 0 = not committed yet: the store gives versions."""

    id: str
    version: int = 0
    pbx: str
    direction: Direction
    tracked: bool = False
    """The DID is one of the tracking numbers of the settings."""
    did: str | None = None
    caller: str | None = None
    caller_raw: str | None = None
    caller_name: str | None = None
    outcome: Outcome = "in_progress"
    lost: bool = False
    abandoned_in: Literal["ivr", "queue", "ringing"] | None = None
    started_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ivr_s: float = 0.0
    queue_s: float = 0.0
    wait_s: float = 0.0
    total_wait_s: float = 0.0
    talk_s: float = 0.0
    clean_talk_s: float = 0.0
    hold_s: float = 0.0
    duration_s: float = 0.0
    hung_up_by: HungUpBy = "unknown"
    queue: str | None = None
    ivr_path: list[str] = []
    operators: list[str] = []
    legs: list[Leg] = []
    talks: list[Talk] = []
    transfers: list[Transfer] = []
    digits: list[KeyPress] = []
    tags: list[Tag] = []
    recordings: list[Recording] = []
    source: Source = msgspec.field(default_factory=Source)
    first_source: Source | None = None
    """The source of the client's first call ever, when that is another call."""
    kind: list[str] = []
    earlier: list[EarlierCall] = []
    """The client's latest earlier calls, newest first (at most 10)."""
    responsible: Person | None = None
    """Whose client it was when the call came, as a CRM says."""
    deals: list[CallDeal] = []
    """What became of the call in the CRMs, oldest first."""
    certainty: Certainty = "live"
    outage_s: float = 0.0
    """Seconds of this call during which the PBX could not be seen."""


def ringing(record: CallRecord) -> list[str]:
    """Operators whose phones ring, in the order in which they began to.

    Nobody's do for a client who talks: that is a consultation, or a phone that is about to stop.
    """
    if record.ended_at is not None or any(talk.to is None for talk in record.talks):
        return []
    if record.answered_at is not None and not record.talks:
        return []
    rung = [leg for leg in record.legs if leg.rang_at is not None and leg.ended_at is None]
    return list(dict.fromkeys(leg.operator for leg in rung if leg.disposition is None))


class Change(msgspec.Struct):
    """A record that deserves publishing, as the tracker saw it at `at` (unix seconds).

    `record` is a snapshot of its own: later events do not alter it.
    """

    record: CallRecord
    step: Step
    at: float
    tags: list[Tag] = []
    """Set by this change."""
    untags: list[Tag] = []
    """Taken back by this change: the same name, source and author; `at` = when."""
    alert: Alert | None = None
    """With the step `alert`: what it tells; `tags` holds its tag."""


class Pressed(msgspec.Struct):
    """A key press in a call, for those who read keys."""

    record: CallRecord
    press: KeyPress
    talking: bool
    """The one who pressed is an operator in a talk with the client, not on hold."""


def rfc3339(at: float | None) -> str | None:
    """Unix seconds as RFC 3339 UTC with milliseconds; None stays None.

    >>> rfc3339(1795423338.5071)
    '2026-11-23T08:42:18.507Z'
    """
    if at is None:
        return None
    whole, ms = divmod(round(at * 1000), 1000)
    return f"{_second(whole)}.{ms:03d}Z"


@lru_cache(4096)
def _second(whole: int) -> str:
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}"


def seconds(text: str) -> float:
    """RFC 3339 back to unix seconds. ValueError when it is none."""
    return datetime.fromisoformat(text).timestamp()


def public_alert(alert: Alert) -> dict[str, Any]:
    """An alert in its public shape, ready for JSON."""
    return {**msgspec.structs.asdict(alert), "at": rfc3339(alert.at)}


def _talk(talk: Talk) -> dict[str, Any]:
    return {
        "operator": talk.operator,
        "from": rfc3339(talk.start),
        "to": rfc3339(talk.to),
        "hold_s": round(talk.hold_s, 3),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


@lru_cache
def _forms(kind: type[msgspec.Struct]) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """How each field of a struct is shown: moments, seconds, and the rest as it is."""

    def form(name: str) -> Callable[[Any], Any] | None:
        if name == "at" or name.endswith("_at"):
            return rfc3339
        return _rounded if name.endswith("_s") else None

    return tuple((name, form(name)) for name in kind.__struct_fields__)


def _timed(item: msgspec.Struct) -> dict[str, Any]:
    """Fields as they are, with `at`, `*_at` as RFC 3339 and `*_s` in milliseconds."""
    return {
        name: getattr(item, name) if form is None else form(getattr(item, name))
        for name, form in _forms(type(item))
    }


def public(record: CallRecord) -> dict[str, Any]:
    """The record in its public shape, ready for JSON."""
    out = _timed(record)
    out["talks"] = [_talk(talk) for talk in record.talks]
    for name in ("legs", "transfers", "digits", "tags", "recordings", "earlier", "deals"):
        out[name] = [_timed(item) for item in getattr(record, name)]
    out["source"] = msgspec.to_builtins(record.source)
    for name in ("first_source", "responsible"):
        part = getattr(record, name)
        out[name] = None if part is None else msgspec.to_builtins(part)
    return out
