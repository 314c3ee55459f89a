"""What became of the call, and who ended it (hard case 13)."""

import pytest

from calltrackd.model.channel import Disposition
from tests.calls.story import Story, answered_call, legs, seconds, talks


def test_answered_means_a_person_in_one_bridge() -> None:
    """An answering PBX is no answer; the meeting is."""
    story = Story().calls().up().after(4).rings("101").after(2).picks_up("101")
    assert (story.record.outcome, seconds(story.record.answered_at)) == ("answered", 6)
    assert (story.steps, story.record.ivr_s) == (["started", "answered"], 4)


def test_started_is_told_before_the_answer() -> None:
    """A CRM can show the client while the phone rings."""
    story = Story().calls(name="Ivan").rings("101")
    assert story.steps == ["started"]
    assert (story.record.caller_name, story.record.outcome) == ("Ivan", "in_progress")
    assert story.record.tracked


def test_client_that_gives_up_in_ringing_abandons() -> None:
    """Its phones were cancelled."""
    story = Story().calls().rings("101").after(6).hangs_up("client", "101")
    record = story.record
    assert (record.outcome, record.abandoned_in, record.lost) == ("abandoned", "ringing", True)
    assert (record.hung_up_by, legs(record)) == ("caller", {"101": "cancelled"})
    assert record.wait_s == 6


def test_client_that_hangs_up_in_the_menu_abandons_there() -> None:
    """Its seconds are IVR, its keys the path."""
    story = Story().calls().up().after(2).presses("client", "1").after(3).hangs_up("client")
    record = story.record
    assert (record.outcome, record.abandoned_in) == ("abandoned", "ivr")
    assert (record.ivr_path, round(record.ivr_s, 3), record.wait_s) == (["1"], 5.2, 0)


def test_client_that_hangs_up_at_once_abandons_while_ringing() -> None:
    """Nothing had answered it, nothing rang: it was on its way to a phone."""
    story = Story().calls().hangs_up("client")
    assert (story.record.outcome, story.record.abandoned_in) == ("abandoned", "ringing")


def test_client_that_gives_up_as_a_phone_picks_up_abandons_in_ringing() -> None:
    """CANCEL and 200 crossed: nobody met it, and there was no menu (a live run found it)."""
    story = Story().calls().rings("101").after(1).answers("101").up()
    story.hangs_up("client", "101")
    assert (story.record.outcome, story.record.abandoned_in) == ("abandoned", "ringing")


def test_mailbox_is_no_person() -> None:
    """Also when the caller hangs up there in the end."""
    story = Story().calls().rings("105").after(4).settled("105", "no_answer").ends("105").up()
    story.enters("voicemail").after(10).hangs_up("client")
    record = story.record
    assert (record.outcome, record.lost, record.abandoned_in) == ("voicemail", True, None)
    assert (record.hung_up_by, record.ivr_s, record.talks) == ("caller", 0, [])


@pytest.mark.parametrize(
    ("disposition", "outcome"),
    [("busy", "busy"), ("rejected", "rejected"), ("failed", "failed"), ("no_answer", "no_answer")],
)
def test_phones_that_refuse_decide_the_outcome(disposition: Disposition, outcome: str) -> None:
    """One phone, one refusal; the PBX ended the call."""
    story = Story().calls().rings("101").after(1).settled("101", disposition)
    story.ends("101", "client")
    assert (story.record.outcome, story.record.hung_up_by) == (outcome, "pbx")
    assert legs(story.record) == {"101": disposition}


def test_one_phone_busy_and_one_silent_is_no_answer() -> None:
    """Only when every phone refused is the call refused."""
    story = Story().calls().rings("101", "102").after(5).settled("101", "busy")
    story.settled("102", "no_answer").ends("101", "102", "client")
    assert story.record.outcome == "no_answer"


def test_refusal_of_a_phone_does_not_hang_up_the_call() -> None:
    """HangupRequest also fires on a busy leg."""
    story = Story().calls().rings("101").bye("101").settled("101", "busy").ends("101", "client")
    assert (story.record.outcome, story.record.hung_up_by) == ("busy", "pbx")


def test_operator_hangs_up() -> None:
    """The BYE of the operator in the last talk."""
    story = answered_call().after(5).hangs_up("101", "client")
    assert story.record.hung_up_by == "operator"


def test_pbx_hangs_up() -> None:
    """AMI Hangup, timeouts and shutdowns ask nobody."""
    story = answered_call().after(5).ends("101", "client")
    assert (story.record.hung_up_by, story.record.certainty) == ("pbx", "live")


def test_cancel_that_crosses_the_answer_is_a_cancel() -> None:
    """The client had hung up when the bridge came."""
    story = Story().calls().rings("101").after(2).answers("101").bye("client")
    story.meet("101", "client").ends("client", "101")
    assert (story.record.outcome, story.record.talks) == ("abandoned", [])
    assert story.record.abandoned_in is not None


def test_bye_right_after_the_bridge_was_answered() -> None:
    """However short: the bridge with a person came first."""
    story = Story().calls().rings("101").after(2).picks_up("101").hangs_up("client", "101")
    assert (story.record.outcome, story.record.hung_up_by) == ("answered", "caller")
    assert talks(story.record) == [("101", 2, 2)]


def test_operator_that_rang_off_before_the_bridge_meets_nobody() -> None:
    """A BYE that crosses the bridge is no talk."""
    story = Story().calls().rings("101").answers("101").bye("101").meet("101", "client")
    story.ends("101", "client")
    assert story.record.answered_at is None


def test_phone_that_is_unreachable_never_rang() -> None:
    """A leg without a ring, and no wait."""
    story = Story().calls().offers("101").after(1).settled("101", "failed")
    story.ends("101", "client")
    assert (story.record.rang_at, story.record.wait_s) == (None, 0)


def test_no_route_is_failed() -> None:
    """The PBX ended a call that it never took in and for which it dialled nobody."""
    story = Story().calls().after(1).ends("client")
    assert (story.record.outcome, story.record.hung_up_by) == ("failed", "pbx")


def test_menu_that_ends_without_a_phone_is_no_answer() -> None:
    """The PBX took the call and gave up."""
    story = Story().calls().up().after(8).ends("client")
    assert (story.record.outcome, story.record.ivr_s) == ("no_answer", 8)


def test_times_and_seconds_of_a_plain_call() -> None:
    """Each derived field by its formula."""
    story = Story().calls().after(1).rings("101").after(3).picks_up("101").after(10)
    record = story.hangs_up("client", "101").record
    moments = (record.started_at, record.rang_at, record.answered_at, record.ended_at)
    assert [seconds(moment) for moment in moments] == [0, 1, 4, 14]
    assert (record.wait_s, record.total_wait_s, record.talk_s, record.duration_s) == (3, 4, 10, 14)
