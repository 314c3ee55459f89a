"""Calls for the tests of what people see; the times are those of 2026-11-23, 08:42:18 UTC on."""

from typing import Any

from calltrackd.model.call import (
    CallRecord,
    EarlierCall,
    KeyPress,
    Leg,
    Recording,
    Source,
    Tag,
    Talk,
    Transfer,
)

START = 1795423338.0
ADVERT = Source(medium="cpc", source="google", campaign="brand-msk", click_ids={"gclid": "x1"})


def identity(number: int) -> str:
    """The id of the test's call of that number."""
    return f"01a2efe9-9992-7123-8123-{number:012d}"


def call(number: int, **fields: Any) -> CallRecord:
    """A call that began `number` minutes after START."""
    base: dict[str, Any] = {
        "id": identity(number),
        "version": 3,
        "pbx": "hq",
        "direction": "inbound",
        "tracked": True,
        "did": "+74950000001",
        "caller": "+79161234567",
        "caller_raw": "79161234567",
        "started_at": START + number * 60,
    }
    return CallRecord(**{**base, **fields})


def answered(number: int, **fields: Any) -> CallRecord:
    """A call with everything that a record can tell: two operators, keys, tags, a recording."""
    at = START + number * 60
    base: dict[str, Any] = {
        "outcome": "answered",
        "source": ADVERT,
        "rang_at": at + 1,
        "answered_at": at + 5,
        "ended_at": at + 80,
        "wait_s": 4.0,
        "total_wait_s": 5.0,
        "talk_s": 70.0,
        "hold_s": 12.0,
        "duration_s": 80.0,
        "hung_up_by": "caller",
        "operators": ["101", "102"],
        "legs": [
            Leg("101", at + 1, at + 40, "answered"),
            Leg("103", at + 1, at + 5, "answered_elsewhere"),
            Leg("102", at + 41, at + 80, "answered"),
        ],
        "talks": [Talk("101", at + 5, at + 40, 12.0), Talk("102", at + 45, at + 80)],
        "transfers": [Transfer("blind", "101", "102", at + 40, True)],
        "digits": [
            KeyPress("caller", None, "1", at + 2),
            KeyPress("operator", "101", "*", at + 20),
            KeyPress("operator", "101", "7", at + 20.4),
            KeyPress("operator", "101", "1", at + 20.9),
            KeyPress("operator", "101", "5", at + 30),
        ],
        "tags": [
            Tag(name="order", source="keypad", by="101", at=at + 20.9, evidence={"keys": "*71"})
        ],
        "recordings": [Recording("/rec/101.wav", "both", at + 5, 75.0)],
        "kind": ["repeat", "quality"],
        "certainty": "recovered",
        "outage_s": 3.2,
        "earlier": [EarlierCall(identity(999), at - 90_000, "no_answer", [], ["order"])],
    }
    return call(number, **{**base, **fields})
