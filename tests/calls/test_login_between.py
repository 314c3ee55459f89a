"""The daemon logs in while a call is being put through: it sees the phone begin, not the client."""

from calltrackd.calls.tracker import Tracker
from calltrackd.model.channel import (
    Answered,
    Bridged,
    ChannelEnded,
    ChannelStarted,
    Dialed,
    HangupAsked,
    LinkUp,
    Rang,
    SeenChannel,
    Snapshot,
)

CLIENT = SeenChannel(
    channel="c", name="PJSIP/trunk-1", link="c", role="client", number="79161234567",
    dialed="74950000001", incoming=True, age=0.0,
)  # fmt: skip
PHONE = SeenChannel(
    channel="p", name="PJSIP/101-2", link="c", role="operator", party="101", number="101",
    ringing=True, age=0.0,
)  # fmt: skip


def between() -> list:
    """What comes after the login, until the list of channels."""
    return [
        LinkUp(at=10.0),
        ChannelStarted(
            at=10.1, channel="p", name="PJSIP/101-2", link="c", role="operator", party="101"
        ),
        Dialed(at=10.1, source="c", channel="p", number="101"),
        Rang(at=10.2, channel="p"),
        Snapshot(at=10.4, channels=(CLIENT, PHONE)),
    ]


def told(events: list) -> list:
    """The last record of every published call."""
    tracker = Tracker("hq")
    changes = [change for event in events for change in tracker.feed(event)]
    return list({change.record.id: change.record for change in changes}.values())


def test_phone_that_rings_for_an_unseen_client_makes_no_call_of_its_own():
    """One call, the client's; it began when it was first heard of, and its phone rang then."""
    (record,) = told(
        [*between(), HangupAsked(at=12.0, channel="c"), ChannelEnded(at=12.0, channel="p"),
         ChannelEnded(at=12.0, channel="c")]
    )  # fmt: skip
    assert (record.direction, record.outcome, record.certainty) == (
        "inbound", "abandoned", "recovered",
    )  # fmt: skip
    assert record.started_at == 10.1
    assert record.rang_at == 10.2
    assert [(leg.operator, leg.rang_at) for leg in record.legs] == [("101", 10.2)]


def test_phone_that_answers_before_the_list_is_the_clients_operator():
    """The answer came before the list as well: still one call, with its talk."""
    events = between()
    events[4:4] = [Answered(at=10.3, channel="p")]
    events += [
        Bridged(at=10.5, channel="p", bridge="b"),
        Bridged(at=10.5, channel="c", bridge="b"),
        ChannelEnded(at=14.5, channel="p"),
        ChannelEnded(at=14.5, channel="c"),
    ]
    (record,) = told(events)
    assert (record.outcome, record.operators, record.talk_s) == ("answered", ["101"], 4.0)
    assert [(leg.operator, leg.disposition) for leg in record.legs] == [("101", "answered")]
