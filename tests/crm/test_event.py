"""A row's body read back into the record that it was made of."""

import msgspec
import pytest

from calltrackd.crm.event import event_of
from calltrackd.crm.rows import rows_for
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
from tests.crm.house import a_call, answered, ended
from tests.crm.manual import a_row, a_target


def a_full_record() -> CallRecord:
    """One with something in every list."""
    record = ended(answered(a_call(started_at=1000.25, version=3)))
    record.rang_at = 1001.5
    record.legs = [Leg("101", 1001.5, 1005.25, "answered")]
    record.talks = [Talk("101", 1005.25, 1065.25, 2.5)]
    record.transfers = [Transfer("blind", "101", "102", 1030.0, completed=True)]
    record.digits = [KeyPress("operator", "101", "5", 1040.0)]
    record.tags = [Tag(name="sale", source="keypad", by="101", at=1040.0, evidence={"keys": "5"})]
    record.recordings = [Recording("/a.wav", "both", 1005.25, 60.0)]
    record.source = Source(source="yandex", campaign="spring", click_ids={"yclid": "1"})
    record.earlier = [EarlierCall("c0", 900.0, "answered", ["101"], ["sale"])]
    return record


def test_the_record_comes_back_whole() -> None:
    """Times are unix seconds again, and nothing else has changed."""
    record = a_full_record()
    (row,) = rows_for(record, "ended", [a_target()], 1066.0)
    event = event_of(row)
    assert event.record == record
    assert (event.id, event.step, event.at) == (row.id, "ended", 1066.0)


def test_missed_means_lost_and_over() -> None:
    """A ringing call is not missed yet; an unanswered outbound one never is."""
    calls = {
        "ringing": a_call(),
        "missed": ended(a_call()),
        "answered": ended(answered(a_call())),
        "outbound": ended(a_call(direction="outbound")),
    }
    events = {
        name: event_of(rows_for(call, "ended", [a_target()], 1.0)[0])
        for name, call in calls.items()
    }
    assert [name for name, event in events.items() if event.missed] == ["missed"]


@pytest.mark.parametrize("body", ["", "{}", '{"timestamp":"x","data":{}}'])
def test_a_body_that_is_none_of_ours_is_told(body: str) -> None:
    """Every way in which it can't be read is one of those that the sender expects."""
    with pytest.raises((msgspec.MsgspecError, ValueError, KeyError)):
        event_of(a_row(body=body))
