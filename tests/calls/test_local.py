"""Local channels are nobody, whatever they connect (hard cases 5, 6)."""

from calltrackd.model.channel import Parked, TransferredBlind
from tests.calls.story import Story, legs, talks, transfers


def _through_local() -> Story:
    """The client rings 101 through a Local channel that stays in the path."""
    story = Story().calls().local("half-1", "half-2", of="client")
    return story.rings("101", of="half-2").after(2).answers("101")


def test_local_channels_are_no_legs_and_no_operators() -> None:
    """Only the real phone is in the record."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2")
    story.after(3).hangs_up("client", "half-1", "half-2", "101")
    assert (legs(story.record), story.record.operators) == ({"101": "answered"}, ["101"])


def test_talk_is_measured_over_a_local_that_stays() -> None:
    """Client and operator sit in different bridges that a Local pair connects: they talk."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2").after(60)
    story.ends("101").after(3600).hangs_up("client", "half-1", "half-2")
    assert talks(story.record) == [("101", 2, 62)]


def test_local_optimised_away_leaves_one_talk() -> None:
    """The two move to one bridge some milliseconds later: the segment is the same."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2", bridge="far")
    story.after(0.4).leave("client", "half-2").meet("client", bridge="far")
    story.ends("half-1", "half-2").after(5).hangs_up("client", "101")
    assert talks(story.record) == [("101", 2, 7.4)]
    assert story.record.hold_s == 0


def test_optimised_operator_leaves_one_talk() -> None:
    """The same when it is the operator that is moved: no hold, no new segment."""
    story = _through_local().meet("half-1", "client", bridge="near").meet("101", "half-2")
    story.after(0.02).leave("101", "half-1").meet("101", bridge="near")
    story.ends("half-1", "half-2").after(5).hangs_up("client", "101")
    assert talks(story.record) == [("101", 2, 7.02)]
    assert (story.record.hold_s, story.record.transfers) == (0, [])


def test_hangup_of_an_optimised_local_is_nobodys() -> None:
    """HangupRequest comes on Local channels too while they are optimised away."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2", bridge="far")
    story.leave("client", "half-2").meet("client", bridge="far").hangs_up("half-1", "half-2")
    story.after(5).ends("client", "101")
    assert story.record.hung_up_by == "pbx"


def test_queue_members_behind_local_channels_are_legs() -> None:
    """A queue dials Local channels, these dial the phones."""
    story = Story().calls().queues()
    for phone in ("102", "103"):
        story.local(f"{phone}-1", f"{phone}-2", of="client").rings(phone, of=f"{phone}-2")
    story.after(1).answers("103").meet("103-1", "client").meet("103", "103-2").leaves_queue()
    story.settled("102", "cancelled").ends("102", "102-1", "102-2", cause=26)
    story.after(4).hangs_up("client", "103-1", "103-2", "103")
    assert legs(story.record) == {"102": "answered_elsewhere", "103": "answered"}
    assert talks(story.record) == [("103", 1, 5)]


def test_local_of_a_tone_or_spy_is_no_call() -> None:
    """A beep for the operator and a listening supervisor make no record."""
    story = Story().local("beep-1", "beep-2", of="beep-1").after(1).ends("beep-1", "beep-2")
    assert story.records == []


def test_blind_transfer_over_a_local_that_stays_is_the_clients() -> None:
    """The operator sends on whom it hears, the Local's half; behind that is the client."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2").after(3)
    story.leave("half-2", "101").tell(TransferredBlind, by="101", channel="half-2", number="102")
    story.ends("101").rings("102", of="half-2").after(2).answers("102").meet("102", "half-2")
    story.after(4).hangs_up("client", "half-1", "half-2", "102")
    assert transfers(story.record) == [("blind", "101", "102", True)]
    assert talks(story.record) == [("101", 2, 5), ("102", 7, 11)]


def test_park_over_a_local_that_stays_is_the_clients() -> None:
    """The Local's half lies in the lot; the operator who hears the slot told talks no more."""
    story = _through_local().meet("half-1", "client").meet("101", "half-2").after(3)
    story.leave("half-2").tell(Parked, channel="half-2", by="101", space="701")
    story.after(2).ends("101").after(2).dials("102", "701").up("102").meet("102", "half-2")
    story.after(4).hangs_up("102", "half-1", "half-2", "client")
    assert transfers(story.record) == [("park", "101", "102", True)]
    assert talks(story.record) == [("101", 2, 5), ("102", 9, 13)]
    assert story.record.hold_s == 0
