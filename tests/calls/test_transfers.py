"""The client goes from one operator to the next (hard cases 2, 3, 5, 12, 14)."""

import pytest

from calltrackd.model.channel import (
    Held,
    Linked,
    Moved,
    Parked,
    PickedUp,
    Replaced,
    Resumed,
    TransferredAttended,
    TransferredBlind,
    Unparked,
)
from tests.calls.story import T0, Story, answered_call, legs, seconds, talks, transfers


def _consulted() -> Story:
    """101 talks with the client, holds it at 5 s and dials 102 by a second call."""
    story = answered_call().after(2).tell(Held, channel="101")
    return story.dials("101/2", "102").rings("102", of="101/2").after(2).picks_up("102", "101/2")


def test_blind_transfer_ends_the_talk_and_rings_the_next() -> None:
    """The first operator's talk ends at the transfer, the gap is nobody's talk."""
    story = answered_call().after(5)
    story.tell(TransferredBlind, by="101", channel="client", number="102")
    story.leave("client").ends("101").rings("102").after(2).picks_up("102")
    story.after(4).hangs_up("client", "102")
    assert talks(story.record) == [("101", 3, 8), ("102", 10, 14)]
    assert transfers(story.record) == [("blind", "101", "102", True)]
    assert (story.record.hung_up_by, story.record.talk_s) == ("caller", 9)


def test_blind_transfer_that_nobody_answers_stays_answered() -> None:
    """A call that was answered is never lost by what comes later."""
    story = answered_call().after(5)
    story.tell(TransferredBlind, by="101", channel="client", number="102")
    story.leave("client").hangs_up("101").rings("102").after(20)
    story.settled("102", "no_answer").ends("102", "client")
    record = story.record
    assert (record.outcome, record.lost, record.hung_up_by) == ("answered", False, "pbx")
    assert transfers(record) == [("blind", "101", "102", False)]


def test_attended_transfer_by_a_second_call_is_one_call() -> None:
    """The consultation is hold of the first talk; its own call leaves no record."""
    story = _consulted().after(3)
    story.leave("102", "101", "client", "101/2").meet("102", "client")
    story.tell(TransferredAttended, by=("101", "101/2"), channel="client", target="102", ok=True)
    story.ends("101", "101/2").after(4).hangs_up("client", "102")
    assert talks(story.record) == [("101", 3, 10), ("102", 10, 14)]
    assert transfers(story.record) == [("attended", "101", "102", True)]
    assert (story.record.hold_s, story.record.clean_talk_s) == (5, 6)
    assert legs(story.record) == {"101": "answered", "102": "answered"}


def test_attended_transfer_before_the_answer_keeps_the_client() -> None:
    """The transferer hangs up while the target rings: its talk ends there, the client waits."""
    story = answered_call().after(2).tell(Held, channel="101")
    story.dials("101/2", "102").rings("102", of="101/2").after(1)
    story.tell(TransferredAttended, by=("101", "101/2"), channel="client", target="102", ok=True)
    story.leave("client").hangs_up("101").ends("101/2").after(3).picks_up("102").after(2)
    story.hangs_up("102", "client")
    assert talks(story.record) == [("101", 3, 6), ("102", 9, 11)]
    assert transfers(story.record) == [("attended", "101", "102", True)]
    assert story.record.hung_up_by == "operator"


def _consulting_a_queue() -> Story:
    """101 talks with the client, holds it at 5 s and dials a queue, where 102 rings."""
    story = answered_call().after(2).tell(Held, channel="101").dials("101/2", "600").up("101/2")
    return story.queues("sales", "101/2").rings("102", of="101/2")


def test_consultation_by_way_of_a_queue_makes_it_the_calls_queue() -> None:
    """As it is when the client is sent there blindly, or by *2."""
    story = _consulting_a_queue().after(4).leaves_queue("sales", "101/2").picks_up("102", "101/2")
    story.after(3).leave("102", "101", "client", "101/2").meet("102", "client")
    story.tell(TransferredAttended, by=("101", "101/2"), channel="client", target="102", ok=True)
    story.ends("101", "101/2").after(4).hangs_up("client", "102")
    assert (story.record.queue, story.record.queue_s) == ("sales", 4)
    assert transfers(story.record) == [("attended", "101", "102", True)]


def test_client_takes_the_transferers_place_in_a_queue() -> None:
    """The transferer does not wait for the answer: the client does, from the transfer on."""
    story = _consulting_a_queue().after(1)
    story.tell(TransferredAttended, by=("101", "101/2"), channel="client", target=None, ok=True)
    story.leave("client").ends("101", "101/2").after(3).leaves_queue().picks_up("102").after(4)
    story.hangs_up("102", "client")
    assert (story.record.queue, story.record.queue_s) == ("sales", 4)
    assert talks(story.record) == [("101", 3, 6), ("102", 9, 13)]


def test_attended_transfer_names_the_one_who_talked_whatever_the_order() -> None:
    """AMI orders the transferer's two legs by time, not by role."""
    story = _consulted().leave("102", "101", "client", "101/2").meet("102", "client")
    story.tell(TransferredAttended, by=("101/2", "101"), channel="client", target="102", ok=True)
    story.ends("101", "101/2").hangs_up("client", "102")
    assert transfers(story.record) == [("attended", "101", "102", True)]


def test_keys_after_an_attended_transfer_are_the_clients_calls() -> None:
    """The consultation that became part of the call takes no key of its colleague away."""
    story = _consulted().leave("102", "101", "client", "101/2").meet("102", "client")
    story.tell(TransferredAttended, by=("101", "101/2"), channel="client", target="102", ok=True)
    story.ends("101", "101/2").after(2).presses("102", "71").hangs_up("client", "102")
    assert [press.digit for press in story.record.digits] == ["7", "1"]
    assert [pressed.talking for pressed in story.pressed] == [True, True]


def test_client_that_comes_back_to_the_operator_has_one_talk() -> None:
    """A consultation over the operator's own channel that failed: same segment, hold inside."""
    story = answered_call().after(2).leave("101").rings("102", of="101").after(4)
    story.settled("102", "cancelled").ends("102").joins("101", "client")
    story.after(1).hangs_up("client", "101")
    assert talks(story.record) == [("101", 3, 10)]
    assert transfers(story.record) == [("attended", "101", "102", False)]
    assert legs(story.record) == {"101": "answered", "102": "no_answer"}
    assert story.record.hold_s == 4


def test_consultation_never_merged_is_a_call_of_its_own() -> None:
    """The operator asks a colleague and comes back: an internal call beside the client's."""
    story = _consulted().after(3).hangs_up("101/2", "102").tell(Resumed, channel="101")
    story.after(2).hangs_up("client", "101")
    assert [r.direction for r in story.records] == ["inbound", "internal"]
    assert talks(story.records[0]) == [("101", 3, 12)]
    assert story.records[0].hold_s == 5


def test_transfer_to_an_outside_number_is_a_leg_with_its_number() -> None:
    """The forwarded-to mobile takes an operator's place, by its E.164 number."""
    story = answered_call().after(5)
    story.tell(TransferredBlind, by="101", channel="client", number="89165550000")
    story.leave("client").ends("101").dials_trunk("trunk-2", "89165550000", "client")
    story.after(2).picks_up("trunk-2").after(4).hangs_up("trunk-2", "client")
    assert story.record.operators == ["101", "+79165550000"]
    assert legs(story.record)["+79165550000"] == "answered"
    assert story.record.caller == "+79161234567"


def test_moved_from_outside_is_a_redirect() -> None:
    """The client leaves its talk without anybody hanging up or transferring, and rings another."""
    story = answered_call().after(5).leave("client").ends("101").rings("102").picks_up("102")
    story.after(1).hangs_up("client", "102")
    assert transfers(story.record) == [("redirect", None, "102", True)]
    assert talks(story.record)[0] == ("101", 3, 8)


def test_moved_told_by_the_pbx_is_a_redirect() -> None:
    """A PBX that says so needs no guess."""
    story = answered_call().after(5).tell(Moved, channel="client").leave("client").ends("101")
    story.rings("102").picks_up("102").hangs_up("client", "102")
    assert transfers(story.record) == [("redirect", None, "102", True)]


def test_operator_that_hung_up_did_not_redirect() -> None:
    """A survey or a next operator after the operator's BYE is no transfer."""
    story = answered_call().after(5).bye("101").leave("client").ends("101").rings("102").after(1)
    story.picks_up("102").hangs_up("client", "102")
    assert transfers(story.record) == []


def test_phone_that_answers_302_sent_the_call_on() -> None:
    """A redirect by the phone, to whom got the client."""
    story = Story().calls().rings("101").settled("101", "failed", forwarded_to="102")
    story.ends("101").rings("102").after(1).picks_up("102").hangs_up("client", "102")
    assert transfers(story.record) == [("redirect", "101", "102", True)]


def test_park_and_retrieve_is_one_transfer() -> None:
    """The retriever's own call is absorbed although its link id differs."""
    story = answered_call().after(5).leave("client").tell(Parked, channel="client", by="101")
    story.ends("101").after(4).dials("102", "701")
    story.tell(Unparked, channel="client", by="102").meet("client", "102")
    story.after(3).hangs_up("102", "client")
    assert talks(story.record) == [("101", 3, 8), ("102", 12, 15)]
    assert transfers(story.record) == [("park", "101", "102", True)]
    assert story.record.hung_up_by == "operator"
    assert story.record.caller == "+79161234567"


def test_park_told_again_by_a_list_is_the_same_park() -> None:
    """ParkedCalls of a snapshot repeats what is known, to the second."""
    story = answered_call().after(5).leave("client").tell(Parked, channel="client", by="101")
    story.ends("101").after(4.2).feed(Parked(at=T0 + 8.2, channel="client", by="101"))
    story.hangs_up("client")
    assert transfers(story.record) == [("park", "101", None, False)]


def test_park_that_times_out_comes_back_to_the_parker() -> None:
    """The PBX rings the parker again: a second leg, and the parker got the client."""
    story = answered_call().after(5).leave("client").tell(Parked, channel="client", by="101")
    story.ends("101").after(45).tell(Unparked, channel="client", by=None)
    story.rings("101/2").after(2).picks_up("101/2").after(3).hangs_up("client", "101/2")
    assert talks(story.record) == [("101", 3, 8), ("101", 55, 58)]
    assert transfers(story.record) == [("park", "101", "101", True)]
    assert [leg.operator for leg in story.record.legs] == ["101", "101"]
    assert story.record.operators == ["101"]


def test_blind_transfer_into_park_is_a_park() -> None:
    """The parker sends the client to the park extension; whichever event comes first."""
    for park_first in (True, False):
        story = answered_call().after(5)
        if park_first:
            story.tell(Parked, channel="client", by=None)
        story.tell(TransferredBlind, by="101", channel="client", number="700")
        if not park_first:
            story.tell(Parked, channel="client", by=None)
        story.leave("client").ends("101").hangs_up("client")
        kinds = [t.kind for t in story.record.transfers]
        assert kinds == ["park"]


def test_pickup_makes_the_picker_the_answerer() -> None:
    """No dial tells of the picker, its link id is another; the rung phone lost it."""
    story = Story().calls().rings("101").after(2).dials("103", "*8101")
    story.tell(PickedUp, channel="103", target="101").settled("103", "answered").up()
    story.meet("103", "client").ends("101", cause=26)
    story.tell(Linked, channel="103", link="client").after(4).hangs_up("103", "client")
    assert legs(story.record) == {"101": "answered_elsewhere", "103": "answered"}
    assert (story.record.operators, story.record.hung_up_by) == (["103"], "operator")
    assert transfers(story.record) == [("pickup", "103", "103", True)]


def test_replaced_channel_goes_on_in_the_same_talk() -> None:
    """A masquerade changes the channel's id, not who talks; the segment is one."""
    story = answered_call().after(2).appears("surrogate", "101", "helper")
    story.tell(Replaced, channel="101", by="surrogate").joins("surrogate", "client")
    story.ends("101").after(3).hangs_up("surrogate", "client")
    assert talks(story.record) == [("101", 3, 8)]
    assert story.record.hung_up_by == "operator"


def test_replaced_client_keeps_its_identity() -> None:
    """The call stays the client's when its endpoint moves to another channel."""
    story = answered_call().after(2).appears("moved", "client", "helper")
    story.leave("client").tell(Replaced, channel="client", by="moved").ends("client")
    story.rings("102", of="moved").after(1).picks_up("102", of="moved").after(3)
    story.hangs_up("moved", "101", "102")
    assert (story.record.caller, story.record.did) == ("+79161234567", "+74950000001")
    assert seconds(story.record.ended_at) == 9


def test_call_ends_with_the_clients_channel_not_the_operators() -> None:
    """An operator's channel that lives on adds nothing."""
    story = answered_call().after(5).hangs_up("client").after(30).ends("101")
    assert seconds(story.record.ended_at) == 8
    assert talks(story.record) == [("101", 3, 8)]
    assert (story.record.hung_up_by, story.steps[-1]) == ("caller", "ended")


def test_talk_after_a_queue_member_with_the_same_phone_twice() -> None:
    """Two calls on the same operator at a time are two calls, each with its own seconds."""
    story = answered_call().after(1).calls("client/2", number="79160000002")
    story.rings("101/2", of="client/2").after(1).tell(Held, channel="101")
    story.picks_up("101/2", of="client/2").after(4).hangs_up("client/2", "101/2")
    story.tell(Resumed, channel="101").after(2).hangs_up("client", "101")
    first, second = story.records
    assert (talks(first), first.hold_s) == ([("101", 3, 11)], 4)
    assert (talks(second), second.hold_s) == ([("101", 5, 9)], 0)


def test_client_that_holds_is_on_hold() -> None:
    """Hold by either side is hold of the talk."""
    story = answered_call().after(2).tell(Held, channel="client").after(3)
    story.tell(Resumed, channel="client").after(1).hangs_up("client", "101")
    assert (story.record.hold_s, story.record.talk_s) == (3, 6)


def test_resume_without_hold_is_nothing() -> None:
    """REFER brings an Unhold that no Hold preceded."""
    story = answered_call().after(2).tell(Resumed, channel="101").after(1).hangs_up("client")
    assert story.record.hold_s == 0


def test_hold_lasts_to_the_end() -> None:
    """A client that hangs up on hold was held to its last moment."""
    story = answered_call().after(2).tell(Held, channel="101").after(5).hangs_up("client")
    assert (story.record.hold_s, story.record.clean_talk_s) == (5, 2)


@pytest.mark.parametrize("told_first", ["away", "rings"])
def test_a_consultation_that_nobody_answers(told_first: str) -> None:
    """Asterisk's threads tell in either order that the operator is away and whom it rings."""
    story = answered_call().after(2)
    if told_first == "away":
        story.leave("101").rings("102", of="101")
    else:
        story.rings("102", of="101").leave("101")
    story.after(4).settled("102", "no_answer").ends("102").joins("101", "client")
    story.after(3).hangs_up("client", "101")
    assert transfers(story.record) == [("attended", "101", "102", False)]


def test_bye_amid_a_consultation_ends_the_talk() -> None:
    """The channel of an operator that rang off amid `*2` lives until the target answers."""
    story = answered_call().after(2).leave("101").rings("102", of="101").after(3).bye("101")
    story.after(4).picks_up("102").ends("101").after(1).hangs_up("client", "102")
    assert talks(story.record) == [("101", 3, 8), ("102", 12, 13)]
