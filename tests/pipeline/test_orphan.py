"""The end of a call that nobody saw."""

from calltrackd.model.call import CallRecord, Leg, Talk
from calltrackd.pipeline.orphan import closed


def stored(**fields: object) -> CallRecord:
    """An inbound call as the store has it in progress."""
    given = {"direction": "inbound", "started_at": 100.0, **fields}
    return CallRecord(id="a", pbx="hq", **given)  # type: ignore[arg-type]


def test_ringing_call_is_lost_with_a_gap() -> None:
    """Nobody was seen to answer: no_answer, lost, its phones silent."""
    change = closed(stored(rang_at=103.0, legs=[Leg("101", 103.0)]), 110.0)
    record = change.record
    assert (change.step, change.at, record.ended_at) == ("ended", 110.0, 110.0)
    assert (record.outcome, record.lost, record.certainty) == ("no_answer", True, "gap")
    assert (record.duration_s, record.total_wait_s) == (10.0, 10.0)
    assert record.legs == [Leg("101", 103.0, 110.0, "no_answer")]
    assert record.hung_up_by == "unknown"


def test_talk_lasts_to_the_last_known_moment() -> None:
    """The talk goes to the end, what was on hold stays taken off."""
    talks = [Talk("101", 105.0, 108.0), Talk("102", 108.0, None)]
    record = closed(stored(outcome="answered", answered_at=105.0, talks=talks, hold_s=2.0), 115.0)
    assert [talk.to for talk in record.record.talks] == [108.0, 115.0]
    assert (record.record.talk_s, record.record.clean_talk_s) == (10.0, 8.0)
    assert record.record.outcome == "answered"
    assert not record.record.lost


def test_end_is_never_before_what_the_record_knows() -> None:
    """A journal that ended early does not end a call before its own answer."""
    assert closed(stored(outcome="answered", answered_at=120.0), 100.0).at == 120.0


def test_outbound_is_never_lost() -> None:
    """Lost calls are inbound ones."""
    assert not closed(stored(direction="outbound"), 110.0).record.lost
