"""Queues and ring groups: however many phones ring, it is one call (hard case 1)."""

from tests.calls.story import Story, legs, seconds, talks


def test_queue_of_several_rounds_is_one_call() -> None:
    """Phones that did not take it are legs without an answer; the call is answered, not lost."""
    story = Story().calls().queues()
    for round_of in ("102", "103", "102/2", "103/2"):
        story.rings(round_of).after(4).settled(round_of, "no_answer").ends(round_of)
    story.rings("104").after(2).picks_up("104").leaves_queue().after(5).hangs_up("client", "104")
    assert (story.record.outcome, story.record.lost) == ("answered", False)
    assert [leg.disposition for leg in story.record.legs] == ["no_answer"] * 4 + ["answered"]
    assert story.record.operators == ["104"]


def test_losers_of_a_ring_group_were_answered_elsewhere() -> None:
    """One answers, the others lost it to a colleague."""
    story = Story().calls().rings("105", "106", "107").after(2).picks_up("106")
    story.settled("105", "cancelled").settled("107", "cancelled")
    story.ends("105", "107", cause=26).after(3).hangs_up("client", "106")
    assert legs(story.record) == {
        "105": "answered_elsewhere",
        "106": "answered",
        "107": "answered_elsewhere",
    }


def test_first_of_two_dial_ends_counts() -> None:
    """A queue's ring timeout tells NOANSWER and then CANCEL for one dial."""
    story = Story().calls().queues().rings("102").after(4)
    story.settled("102", "no_answer").settled("102", "cancelled").ends("102")
    story.after(1).hangs_up("client")
    assert legs(story.record) == {"102": "no_answer"}


def test_queue_seconds_end_with_the_answer() -> None:
    """The wait is from the queue's entry to the meeting, the talk is no waiting."""
    story = Story().calls().up().after(1).queues().after(2).rings("102").after(3).picks_up("102")
    story.after(10).hangs_up("client", "102")
    record = story.record
    assert (record.queue_s, record.wait_s, record.ivr_s, record.total_wait_s) == (5, 5, 1, 6)
    assert record.queue == "sales"


def test_two_queues_one_after_another_add_up() -> None:
    """The last queue has its name in the record, both have their seconds."""
    story = Story().calls().queues("sales").after(4).leaves_queue("sales").after(1)
    story.queues("backup").after(2).rings("104").after(1).picks_up("104").leaves_queue("backup")
    story.after(5).hangs_up("client", "104")
    assert (story.record.queue, story.record.queue_s, story.record.wait_s) == ("backup", 7, 8)


def test_next_queue_may_begin_at_the_moment_the_first_ends() -> None:
    """One socket read brings both events with one time."""
    story = Story().calls().queues("sales").after(4).leaves_queue("sales").queues("support")
    story.after(2).hangs_up("client")
    assert (story.record.queue, story.record.queue_s) == ("support", 6)


def test_client_that_leaves_a_queue_by_timeout_was_not_answered() -> None:
    """The PBX gave up, although no phone rang and nothing answered the channel."""
    story = Story().calls().queues().after(20).leaves_queue().ends("client")
    assert (story.record.outcome, story.record.hung_up_by) == ("no_answer", "pbx")
    assert (story.record.queue_s, story.record.abandoned_in) == (20, None)


def test_client_that_gives_up_while_a_queue_member_rings_was_in_the_queue() -> None:
    """`abandoned_in` is the queue also while a phone rings."""
    story = Story().calls().queues().after(1).rings("102").after(2).hangs_up("client", "102")
    assert (story.record.outcome, story.record.abandoned_in) == ("abandoned", "queue")
    assert legs(story.record) == {"102": "cancelled"}


def test_client_transferred_to_a_queue_waits_there() -> None:
    """Seconds in a queue count after a talk too; the answer stays the first one."""
    story = Story().calls().rings("101").after(1).picks_up("101").after(5)
    story.leave("client").ends("101").queues().after(4).rings("102").after(1).picks_up("102")
    story.leaves_queue().after(2).hangs_up("client", "102")
    assert (story.record.queue_s, seconds(story.record.answered_at)) == (5, 1)
    assert talks(story.record) == [("101", 1, 6), ("102", 11, 13)]
