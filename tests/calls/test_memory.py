"""A daemon runs for months: what is over is forgotten, what lives is small."""

import tracemalloc

from calltrackd.calls.early import CHANNELS_KEPT
from tests.calls.story import Story, answered_call

LIVE = 1_000
BYTES_A_CALL = 8_192


def test_nothing_is_left_of_calls_that_are_over() -> None:
    """Channels, groups, rooms, calls and public ids are gone with the last channel."""
    story = answered_call().local("half-1", "half-2", of="client")
    story.ends("half-1", "half-2").hangs_up("client", "101")
    board = story.tracker._board
    assert (board.channels, board.calls) == ({}, {})
    assert (board.groups._of, board.groups._by_link) == ({}, {})
    assert (board.rooms._inside, board.rooms._bridge, board.rooms._pair) == ({}, {}, {})
    assert story.tracker._news.published == {}


def test_strangers_are_bounded() -> None:
    """Channels that were never seen begin don't fill memory."""
    story = Story()
    for n in range(CHANNELS_KEPT * 2):
        story.up(f"stranger-{n}")
    assert len(story.tracker._board._early._waiting) == CHANNELS_KEPT


def test_call_in_progress_takes_little_memory() -> None:
    """State of a talking call with two channels, measured over a thousand of them."""
    tracemalloc.start()
    try:
        story = Story()
        for n in range(LIVE):
            client, phone = f"client/{n}", f"{100 + n % 900}/{n}"
            story.calls(client).rings(phone, of=client).picks_up(phone, of=client)
        for kept in (story.events, story.changes, story._links, story._bridges):
            kept.clear()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(story.tracker.live(0)) == LIVE
    assert used / LIVE < BYTES_A_CALL


def test_live_calls_are_found_by_their_id() -> None:
    """The record as it stands, the channels on which the operator talks; gone when it ends."""
    story = answered_call().after(5)
    call = story.record.id
    found = story.tracker.record(call, story.record.started_at + 10)
    assert found is not None
    assert (found.talk_s, found.duration_s) == (7, 10)
    (phone,) = story.tracker.operator_channels(call, "101")
    assert phone.name.startswith("PJSIP/101-")
    assert story.tracker.operator_channels(call, "102") == []
    story.hangs_up("client", "101")
    assert story.tracker.record(call, 0) is None
    assert story.tracker.operator_channels(call, "101") == []
