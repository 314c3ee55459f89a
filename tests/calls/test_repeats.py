"""Repeated, late and out-of-order events change nothing that is known (hard case 15)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.calls.record import NumberRules
from calltrackd.calls.tracker import Tracker
from calltrackd.model.call import CallRecord
from calltrackd.model.channel import (
    Bridged,
    ChannelEvent,
    Held,
    Parked,
    PickedUp,
    QueueEntered,
    QueueLeft,
    Resumed,
    TransferredAttended,
    TransferredBlind,
    Unparked,
)
from tests.calls.story import Story, answered_call


def _plain(story: Story) -> Story:
    return answered_call(story).after(2).presses("101", "*71").after(5).hangs_up("client", "101")


def _queue(story: Story) -> Story:
    story.calls().up().after(1).queues().after(1).rings("102").after(4)
    story.settled("102", "no_answer").ends("102").rings("103").after(1).picks_up("103")
    story.after(0.1).leaves_queue().after(3).tell(Held, channel=story.id("103")).after(1)
    return story.tell(Resumed, channel=story.id("103")).after(1).hangs_up("client", "103")


def _blind(story: Story) -> Story:
    answered_call(story).after(5)
    story.tell(TransferredBlind, by=story.id("101"), channel=story.id("client"), number="102")
    story.after(0.01).leave("client").ends("101").after(0.01).rings("102").after(2)
    return story.picks_up("102").after(4).hangs_up("client", "102")


def _attended(story: Story) -> Story:
    answered_call(story).after(2).tell(Held, channel=story.id("101")).after(1)
    story.dials("101/2", "102").rings("102", of="101/2").after(2).picks_up("102", "101/2")
    story.after(3).leave("102", "101", "101/2").after(0.01).joins("102", "client").after(0.01)
    by = (story.id("101"), story.id("101/2"))
    story.tell(
        TransferredAttended, by=by, channel=story.id("client"), target=story.id("102"), ok=True
    )
    return story.after(0.01).ends("101", "101/2").after(4).hangs_up("client", "102")


def _park(story: Story) -> Story:
    answered_call(story).after(5).leave("client").after(0.01)
    story.tell(Parked, channel=story.id("client"), by="101").ends("101").after(4)
    story.dials("102", "701").tell(Unparked, channel=story.id("client"), by=story.id("102"))
    return story.after(0.01).meet("client", "102").after(3).hangs_up("102", "client")


def _pickup(story: Story) -> Story:
    story.calls().rings("101").after(2).dials("103", "*8101").after(0.01)
    story.tell(PickedUp, channel=story.id("103"), target=story.id("101")).up().after(0.01)
    story.meet("103", "client").ends("101", cause=26).after(4)
    return story.hangs_up("103", "client")


TELLINGS: list[Callable[[Story], Story]] = [_plain, _queue, _blind, _attended, _park, _pickup]


def _records(events: Sequence[ChannelEvent]) -> list[CallRecord]:
    tracker = Tracker("hq", NumberRules())
    last: dict[str, CallRecord] = {}
    for event in events:
        last.update({change.record.id: change.record for change in tracker.feed(event)})
    last.update({change.record.id: change.record for change in tracker.close(2e9)})
    return sorted(last.values(), key=lambda record: record.id)


@pytest.mark.parametrize("telling", TELLINGS)
def test_every_event_twice_is_the_same_call(telling: Callable[[Story], Story]) -> None:
    """An event that is repeated at once adds nothing."""
    events = telling(Story()).events
    twice = [event for event in events for _ in range(2)]
    assert _records(twice) == _records(events)


@pytest.mark.parametrize("telling", TELLINGS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_late_repetition_is_the_same_call(telling: Callable[[Story], Story], data: Any) -> None:
    """An event told again any time later, as it was, adds nothing."""
    events = telling(Story()).events
    late = list(events)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(late) - 1))
        place = data.draw(st.integers(index + 1, len(late)))
        late.insert(place, late[index])
    assert _records(late) == _records(events)


def test_coming_to_a_queue_told_again_after_the_answer() -> None:
    """Before the queue itself says that it was left: the client waits there no longer."""
    events = _queue(Story()).events
    left = next(n for n, event in enumerate(events) if isinstance(event, QueueLeft))
    entered = next(event for event in events if isinstance(event, QueueEntered))
    assert _records([*events[:left], entered, *events[left:]]) == _records(events)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_calls_that_run_at_one_time_do_not_touch_each_other(data: Any) -> None:
    """Any interleaving of two calls' events gives the records of each alone."""
    one, two = (data.draw(st.sampled_from(TELLINGS)) for _ in range(2))
    first = one(Story(prefix="a-")).events
    second = two(Story(prefix="b-", start=0.5)).events
    apart = sorted(_records(first) + _records(second), key=lambda record: record.id)
    order = data.draw(st.permutations([True] * len(first) + [False] * len(second)))
    left, right = iter(first), iter(second)
    assert _records([next(left) if mine else next(right) for mine in order]) == apart


@pytest.mark.parametrize("telling", TELLINGS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_two_that_come_into_a_bridge_may_be_told_in_either_order(
    telling: Callable[[Story], Story], data: Any
) -> None:
    """Who is told first changes nothing, neither who talks nor from when."""
    events = [_shifted(event, n) for n, event in enumerate(telling(Story()).events)]
    pairs = [
        n
        for n, (one, two) in enumerate(pairwise(events))
        if isinstance(one, Bridged) and isinstance(two, Bridged) and one.channel != two.channel
    ]
    swapped = list(events)
    at = data.draw(st.sampled_from(pairs))
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert _records(swapped) == _records(events)


def test_event_before_its_channel_counts() -> None:
    """What overtook the begin of its channel is told again when the channel appears."""
    story = Story().enters("voicemail").calls()
    assert story.hangs_up("client").record.outcome == "voicemail"
    assert not +story.tracker.unknown


def test_events_of_strangers_are_counted() -> None:
    """What can't be used is not swallowed."""
    story = Story().up("nobody").bye("nobody").ends("nobody")
    assert story.tracker.unknown == {"Answered": 1, "HangupAsked": 1, "ChannelEnded": 1}


def _shifted(event: ChannelEvent, n: int) -> ChannelEvent:
    """A millisecond later than the event before."""
    return msgspec.structs.replace(event, at=event.at + n / 1000)
