"""Whose phones ring, told while they do: for cards, which are worth nothing afterwards."""

from calltrackd.model.call import Change, ringing
from tests.calls.story import T0, Story, answered_call


def told(story: Story) -> list[list[str]]:
    """Who rings in each change that is told now."""
    return [ringing(change.record) for change in taken(story)]


def taken(story: Story) -> list[Change]:
    """What is told now."""
    return story.tracker.take_ringing(T0 + story.now)


def test_a_group_that_begins_to_ring_is_one_change() -> None:
    """The record is the call's as it stands, before anybody picked up."""
    story = Story().calls().rings("101", "102", "103")
    assert story.steps == ["started"]
    (change,) = taken(story)
    assert (change.step, change.record.id) == ("ringing", story.record.id)
    assert ringing(change.record) == ["101", "102", "103"]
    assert (change.record.outcome, change.record.answered_at) == ("in_progress", None)
    assert told(story) == []


def test_a_phone_that_is_dialled_but_does_not_ring_is_left_out() -> None:
    """Busy at once, or out of reach: nobody sits in front of a ringing phone there."""
    story = Story().calls().offers("101").offers("102").rings("103")
    story.settled("101", "busy").ends("101")
    assert told(story) == [["103"]]


def test_a_queue_that_tries_agent_after_agent_is_told_of_each() -> None:
    """The former one's phone has stopped, and another one's rings; a second round as well."""
    story = Story().calls().queues().rings("101")
    assert told(story) == [["101"]]
    story.after(4).settled("101", "no_answer").ends("101").rings("102")
    assert told(story) == [["102"]]
    story.after(4).settled("102", "no_answer").ends("102")
    assert told(story) == [[]]
    story.after(5).rings("101/2")
    assert told(story) == [["101"]]


def test_one_who_declines_is_told_while_others_ring() -> None:
    """His card can go."""
    story = Story().calls().rings("101", "102")
    assert told(story) == [["101", "102"]]
    assert told(story.settled("101", "rejected")) == [["102"]]


def test_who_never_rang_long_enough_to_be_told_is_not_told() -> None:
    """Picked up, or gone, before anybody asked."""
    assert told(answered_call()) == []
    assert told(Story().calls().rings("101").hangs_up("client", "101")) == []


def test_a_phone_that_was_picked_up_keeps_its_card_until_the_client_is_there() -> None:
    """Who must press a key first has not lost the call; who did not press it has."""
    story = Story().calls().rings("101")
    assert told(story) == [["101"]]
    assert told(story.answers("101")) == []
    assert told(story.after(3).ends("101")) == [[]]


def test_an_answer_says_itself_that_nobody_rings() -> None:
    """The losers of a group are in `answered` and need no change of their own."""
    story = Story().calls().rings("101", "102")
    assert told(story) == [["101", "102"]]
    story.picks_up("101").settled("102", "cancelled").ends("102", cause=26)
    assert told(story) == []
    assert story.steps == ["started", "answered"]


def test_a_phone_that_a_transfer_rings_is_told() -> None:
    """The client was sent on and waits for the next operator."""
    story = answered_call().after(5)
    assert told(story) == []
    story.leave("client", "101").hangs_up("101").rings("102")
    assert told(story) == [["102"]]
    story.picks_up("102")
    assert told(story) == []


def test_a_consultation_rings_nobody_for_the_client() -> None:
    """The operator keeps the client until he hands him over."""
    story = answered_call().after(5).leave("101").rings("102", of="101")
    assert told(story) == []


def test_calls_among_colleagues_are_not_told() -> None:
    """They have no client, and are published only when they end."""
    assert told(Story().dials("101", "102").rings("102", of="101")) == []


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    """The store has it; who began to ring since then is news."""
    story = Story().calls().rings("101")
    before = taken(story)[0].record
    again = Story()
    for event in story.events:
        again.feed(event)
    again.tracker.was_told([before])
    assert told(again) == []
    again.rings("102")
    assert told(again) == [["101", "102"]]


def test_nobody_has_to_ask() -> None:
    """Without targets that want it nothing is kept of calls that are over."""
    story = answered_call().hangs_up("client", "101")
    assert not story.tracker.ringing_moved
    assert taken(story) == []
