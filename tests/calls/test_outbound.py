"""Outbound, internal and originated calls."""

from calltrackd.model.channel import Dialed, Numbered, TransferredBlind
from tests.calls.story import Story, legs, talks, transfers


def _dialled() -> Story:
    return Story().dials("101", "89161112233").dials_trunk("trunk-1", "89161112233", "101", "101")


def test_operator_that_dials_a_client_is_outbound() -> None:
    """The client is the far end of the trunk; the phone is its operator."""
    story = _dialled().after(2).picks_up("trunk-1", of="101").after(5).hangs_up("101", "trunk-1")
    record = story.record
    assert (record.direction, record.outcome, record.lost) == ("outbound", "answered", False)
    assert (record.caller, record.operators) == ("+79161112233", ["101"])
    assert (record.hung_up_by, record.legs) == ("operator", [])


def test_client_hangs_up_an_outbound_call() -> None:
    """`caller` is the client in every direction."""
    story = _dialled().picks_up("trunk-1", of="101").after(5).hangs_up("trunk-1", "101")
    assert story.record.hung_up_by == "caller"


def test_busy_client_is_busy_and_hung_up_nothing() -> None:
    """Its 486 also fires HangupRequest."""
    story = _dialled().bye("trunk-1").settled("trunk-1", "busy").ends("trunk-1", "101")
    assert (story.record.outcome, story.record.hung_up_by) == ("busy", "pbx")
    assert not story.record.lost


def test_client_that_does_not_answer() -> None:
    """The PBX or the operator gave up."""
    story = _dialled().after(20).settled("trunk-1", "no_answer").ends("trunk-1", "101")
    assert story.record.outcome == "no_answer"


def test_trunk_failover_is_one_call() -> None:
    """The first provider refuses, the second one gets the client: one attempt, one record."""
    story = _dialled().bye("trunk-1").settled("trunk-1", "failed").ends("trunk-1")
    story.dials_trunk("trunk-2", "89161112233", "101").after(2).picks_up("trunk-2", of="101")
    story.after(5).hangs_up("trunk-2", "101")
    assert (story.record.outcome, story.record.operators) == ("answered", ["101"])
    assert (story.record.hung_up_by, story.steps[0]) == ("caller", "started")


def test_all_trunks_failed() -> None:
    """The last refusal is the outcome, when the operator's channel ends."""
    story = _dialled().settled("trunk-1", "failed").ends("trunk-1")
    story.dials_trunk("trunk-2", "89161112233", "101").settled("trunk-2", "busy")
    story.ends("trunk-2", "101")
    assert story.record.outcome == "busy"


def test_client_of_an_outbound_call_transferred_outside() -> None:
    """An outside number that the client is sent to is a leg, not another client."""
    story = _dialled().picks_up("trunk-1", of="101").after(5)
    story.tell(TransferredBlind, by="101", channel="trunk-1", number="89165550000")
    story.leave("trunk-1").ends("101").dials_trunk("trunk-2", "89165550000", "trunk-1")
    story.after(1).picks_up("trunk-2", of="trunk-1").after(2).hangs_up("trunk-1", "trunk-2")
    record = story.record
    assert (record.caller, record.operators) == ("+79161112233", ["101", "+79165550000"])
    assert transfers(record) == [("blind", "101", "+79165550000", True)]
    assert record.hung_up_by == "caller"


def test_consulted_outside_number_over_a_local_is_a_leg() -> None:
    """`*2` dials through a Local channel on behalf of the group."""
    story = _dialled().picks_up("trunk-1", of="101").after(5).leave("101")
    story.local("half-1", "half-2", of="101").dials_trunk("trunk-2", "89165550000", "half-2")
    story.settled("trunk-2", "no_answer").ends("trunk-2", "half-1", "half-2")
    story.joins("101", "trunk-1").hangs_up("trunk-1", "101")
    assert story.record.caller == "+79161112233"
    assert legs(story.record) == {"+79165550000": "no_answer"}


def test_callback_rings_the_operator_first() -> None:
    """One record: the client is who is called back, the phone is its leg."""
    story = Story().originates("101", "79169998877").after(2).answers("101")
    story.dials_trunk("trunk-1", "79169998877", "101").after(3).picks_up("trunk-1", of="101")
    story.after(5).hangs_up("trunk-1", "101")
    record = story.record
    assert (record.direction, record.caller, record.outcome) == (
        "outbound", "+79169998877", "answered",
    )  # fmt: skip
    assert (record.operators, legs(record)) == (["101"], {"101": "answered"})


def test_callback_whose_operator_never_picks_up() -> None:
    """An attempt all the same: the number comes from what the phone was shown."""
    story = Story().originates("101").tell(Numbered, channel="101", number="79169998877")
    story.after(20).ends("101")
    record = story.record
    assert (record.direction, record.caller, record.outcome) == (
        "outbound", "+79169998877", "no_answer",
    )  # fmt: skip
    assert (legs(record), record.hung_up_by) == ({"101": "no_answer"}, "pbx")


def test_callback_through_a_local_knows_its_client() -> None:
    """The phone's own channel bears its extension; the connected line is who is called back."""
    story = Story().local("half-1", "half-2", of="half-1").appears("101", "half-2")
    story.tell(Dialed, source="half-2", channel="101", number="101", shown="79169998877")
    record = story.after(20).ends("101", "half-2", "half-1").record
    assert (record.direction, record.caller) == ("outbound", "+79169998877")
    assert legs(record) == {"101": "no_answer"}


def test_client_that_was_called_first_and_rings_off_in_the_wait() -> None:
    """It had picked up: its BYE is a hang-up, though no operator was there yet."""
    story = Story().appears("trunk-1", "trunk-1", "client")
    story.tell(Dialed, source=None, channel="trunk-1", number="79169998877").up("trunk-1")
    story.rings("101", of="trunk-1").after(5).hangs_up("trunk-1", "101")
    record = story.record
    assert (record.direction, record.outcome, record.hung_up_by) == (
        "outbound", "no_answer", "caller",
    )  # fmt: skip
    assert legs(record) == {"101": "cancelled"}


def test_internal_call_has_no_client() -> None:
    """The dialling phone takes the client's place; nothing is lost."""
    story = Story().dials("101", "102").rings("102", of="101").after(1).picks_up("102", of="101")
    story.after(4).hangs_up("101", "102")
    record = story.record
    assert (record.direction, record.caller, record.lost) == ("internal", None, False)
    assert (record.operators, record.hung_up_by) == (["102"], "caller")
    assert story.steps == ["ended"]


def test_parked_colleague_that_is_retrieved_is_one_internal_call() -> None:
    """The retriever's own call is a part of the older one, and its BYE ends the talk."""
    story = Story().dials("101", "102").rings("102", of="101").picks_up("102", of="101").after(2)
    story.leave("101").ends("102").after(1).dials("103", "701").meet("101", "103").after(3)
    story.hangs_up("103", "101")
    assert talks(story.record) == [("102", 0, 2), ("103", 3, 6)]
    assert story.record.hung_up_by == "operator"


def test_phone_that_rings_nobody_makes_no_record() -> None:
    """An operator that listens to its own mailbox is no call."""
    assert Story().dials("101", "*97").up("101").after(9).hangs_up("101").records == []
