"""Lost links, restarts and late attachments: nothing is invented, nothing forgotten (case 4)."""

from calltrackd.model.channel import ChannelEnded, QueueEntered
from tests.calls.story import T0, Story, answered_call, legs, seconds, seen, talks


def test_call_that_lives_on_is_recovered_with_its_outage() -> None:
    """It keeps its talk and bears the seconds in which nobody looked."""
    story = answered_call().after(5).goes_dark().after(7).lights_up()
    story.shows(seen("client", incoming=True, up=True), seen("101", up=True))
    story.after(2).hangs_up("client", "101")
    record = story.record
    assert (record.certainty, record.outage_s) == ("recovered", 7)
    assert talks(record) == [("101", 3, 17)]
    assert record.hung_up_by == "caller"


def test_call_that_is_gone_ended_when_it_was_last_seen() -> None:
    """Its true end is unknown: closed at the loss, as a gap, by nobody known."""
    story = answered_call().after(5).goes_dark().after(7).lights_up().shows()
    record = story.record
    assert (record.certainty, record.hung_up_by, record.outage_s) == ("gap", "unknown", 7)
    assert (seconds(record.ended_at), talks(record)) == (8, [("101", 3, 8)])


def test_client_whose_phone_is_gone_lost_that_talk() -> None:
    """The call goes on in the snapshot without its operator."""
    story = answered_call().after(5).goes_dark().after(7).lights_up()
    story.shows(seen("client", incoming=True, up=True)).after(1).hangs_up("client")
    assert talks(story.record) == [("101", 3, 8)]
    assert (story.record.certainty, seconds(story.record.ended_at)) == ("recovered", 16)


def test_call_that_was_answered_in_the_dark() -> None:
    """The answer is known from the moment at which it was seen."""
    story = Story().calls().rings("101").after(1).goes_dark().after(7).lights_up()
    story.shows(
        seen("client", bridge="b", incoming=True, up=True), seen("101", bridge="b", up=True)
    )
    story.after(2).hangs_up("client", "101")
    assert talks(story.record) == [("101", 8, 10)]
    assert legs(story.record) == {"101": "answered"}


def test_client_that_gave_up_in_the_dark_is_known_by_the_cause_of_its_end() -> None:
    """It asked to end while nobody looked and its channel ended right after."""
    story = Story().calls().queues().after(3).goes_dark().after(2).lights_up()
    story.shows(seen("client", incoming=True, up=True))
    story.tell(ChannelEnded, channel="client", given_up=True)
    assert (story.record.outcome, story.record.hung_up_by) == ("abandoned", "caller")


def test_queue_left_in_the_dark_is_left() -> None:
    """A client that the snapshot shows elsewhere does not wait any more."""
    story = Story().calls().queues().after(3).goes_dark().after(2).lights_up()
    story.shows(seen("client", incoming=True, up=True)).after(5).hangs_up("client")
    assert story.record.queue_s == 5


def test_restarted_pbx_has_none_of_the_old_calls() -> None:
    """Its boot time says so before any snapshot."""
    story = answered_call().after(5).goes_dark().after(7).lights_up(booted_at=12)
    assert (story.record.certainty, seconds(story.record.ended_at)) == ("gap", 8)


def test_boot_time_in_whole_seconds_is_no_restart() -> None:
    """A PBX that booted long before the loss, or within the rounding of a second, still lives."""
    story = answered_call().after(5).goes_dark().after(7).lights_up(booted_at=9)
    assert story.record.outcome == "answered"
    assert story.record.ended_at is None


def test_two_outages_add_up_and_none_counts_twice() -> None:
    """Lost, found, lost again before the snapshot: each dark second once."""
    story = answered_call().after(1).goes_dark().after(3).lights_up().after(1).goes_dark()
    story.goes_dark().after(4).lights_up().lights_up()
    story.shows(seen("client", incoming=True, up=True), seen("101", up=True))
    assert story.hangs_up("client", "101").record.outage_s == 7


def test_snapshot_alone_ends_an_outage() -> None:
    """A user without class system is not told that the PBX is up."""
    story = answered_call().goes_dark().after(6)
    story.shows(seen("client", incoming=True, up=True), seen("101", up=True))
    story.after(3).hangs_up("client", "101")
    assert (story.record.outage_s, story.record.certainty) == (6, "recovered")


def test_channel_seen_before_the_second_loss_lived_until_then() -> None:
    """What told something of itself between two losses is gone since the second."""
    story = answered_call().after(1).goes_dark().after(2).lights_up().after(1)
    story.presses("client", "5").after(0.8).goes_dark().after(2).lights_up().shows()
    assert seconds(story.record.ended_at) == 8


def test_late_attachment_recovers_who_talks() -> None:
    """Client, DID and operator come from the list; the seconds before were unseen."""
    story = Story(start=20).shows(
        seen("101", bridge="b", up=True, age=15.0),
        seen(
            "client", bridge="b", incoming=True, up=True, age=18.0,
            number="79161234567", dialed="74950000001",
        ),
    )  # fmt: skip
    story.after(5).hangs_up("client", "101")
    record = story.record
    assert (record.caller, record.did) == ("+79161234567", "+74950000001")
    assert (seconds(record.started_at), record.certainty, record.outage_s) == (2, "recovered", 18)
    assert (record.operators, legs(record)) == (["101"], {"101": "answered"})
    assert story.changes[0].record.certainty == "recovered"


def test_late_attachment_finds_phones_that_still_ring() -> None:
    """A ringing call is a call too; its queue entry is dated back."""
    story = Story(start=20).shows(
        seen("client", incoming=True, age=8.0, queue="sales"), seen("102", ringing=True, age=4.0)
    )
    story.feed(QueueEntered(at=T0 + 13, channel="client", queue="sales"))
    story.after(2).picks_up("102").leaves_queue().after(1).hangs_up("client", "102")
    assert (legs(story.record), seconds(story.record.rang_at)) == ({"102": "answered"}, 16)
    assert (story.record.queue_s, story.record.outcome) == (9, "answered")


def test_late_attachment_finds_outbound_calls() -> None:
    """The phone dialled, the trunk is its far end."""
    story = Story(start=20).shows(
        seen("trunk-1", link="101", bridge="b", up=True, age=9.0, number="79161112233"),
        seen("101", link="101", bridge="b", incoming=True, up=True, age=10.0),
    )
    story.after(5).hangs_up("101", "trunk-1")
    record = story.record
    assert (record.direction, record.caller) == ("outbound", "+79161112233")
    assert (record.operators, record.certainty) == (["101"], "recovered")


def test_conference_in_a_snapshot_joins_nobody() -> None:
    """Two clients in one room stay two calls."""
    story = Story(start=20).shows(
        seen("client", bridge="room", place="conference", incoming=True, up=True),
        seen("client/2", link="2", bridge="room", place="conference", incoming=True, up=True),
        seen("101", link="3", bridge="room", place="conference", incoming=True, up=True),
    )
    story.after(5).hangs_up("client").hangs_up("client/2").hangs_up("101")
    assert [record.operators for record in story.records] == [["101"], ["101"]]


def test_snapshot_made_before_a_hangup_revives_nobody() -> None:
    """A list item may be older than the hangup that was told already."""
    story = answered_call().after(5).hangs_up("client", "101")
    story.shows(seen("client", incoming=True, up=True), seen("101", up=True)).closes()
    assert (story.record.certainty, seconds(story.record.ended_at)) == ("live", 8)


def test_event_before_the_snapshot_is_not_lost() -> None:
    """Events come from the login on, the list that tells of their channel a little later."""
    story = Story(start=20).bye("client")
    story.shows(seen("client", incoming=True, up=True)).after(1).ends("client")
    assert (story.record.hung_up_by, +story.tracker.unknown) == ("caller", {})


def test_input_that_ends_leaves_gaps() -> None:
    """What lives when the stream ends has an unseen end."""
    story = answered_call().after(5).closes()
    assert (story.record.certainty, seconds(story.record.ended_at)) == ("gap", 8)
    assert story.record.outcome == "answered"


def test_input_that_ends_in_the_dark_counts_the_dark() -> None:
    """The call ended at the loss; the outage lasted to the end of the input."""
    story = answered_call().after(5).goes_dark().after(4).closes()
    assert (seconds(story.record.ended_at), story.record.outage_s) == (8, 4)


def test_ended_call_is_untouched_by_an_outage() -> None:
    """Only calls that live when the link is lost bear its seconds."""
    story = answered_call().hangs_up("client", "101").after(1).goes_dark().after(9).lights_up()
    assert (story.record.outage_s, story.record.certainty) == (0, "live")


def test_call_that_began_in_the_dark_was_unseen_since() -> None:
    """It bears the seconds from its begin to the snapshot."""
    story = (
        Story()
        .goes_dark()
        .after(30)
        .lights_up()
        .shows(seen("client", incoming=True, up=True, age=12.0))
    )
    story.hangs_up("client")
    assert (story.record.certainty, story.record.outage_s) == ("recovered", 12)
