"""The window alone: what it knows while the store is read and written beside it."""

from msgspec.structs import replace

from calltrackd.crm.window import RECENT, Window
from tests.crm.manual import START, a_row


def taken_and_sent(window: Window, row):
    """The row goes out and is taken by the target."""
    assert window.take(START) is row
    sent = replace(row, state="sent", attempts=1)
    window.put(sent)
    return sent


def test_read_that_began_before_a_commit_does_not_bring_the_row_back():
    """The store was read, the row was sent and committed, then the reading is taken in."""
    window, row = Window(), a_row()
    window.offer(row)
    window.begin_read()
    window.committed(taken_and_sent(window, row))
    window.adopt([row])
    assert window.take(START) is None


def test_row_that_a_look_found_and_sent_before_it_was_offered_is_not_sent_again():
    """The look into the store saw the commit before its committer told of it."""
    window, row = Window(), a_row()
    window.begin_read()
    window.adopt([row])
    sent = taken_and_sent(window, row)
    window.offer(replace(row))
    assert window.take(START) is None
    window.committed(sent)
    window.offer(replace(row))
    assert window.take(START) is None


def test_read_while_a_result_is_unwritten_shows_the_result():
    """A failed row read back as it was before keeps the time of its next attempt."""
    window, row = Window(), a_row()
    window.offer(row)
    window.take(START)
    window.put(replace(row, attempts=1, next_at=START + 60))
    window.forget()
    window.begin_read()
    window.adopt([row])
    assert window.take(START + 59) is None
    assert window.take(START + 60).attempts == 1


def test_row_owed_again_by_an_admin_is_taken_from_the_store():
    """A settled id blocks a late offer, not a later look into the store."""
    window, row = Window(), a_row()
    window.offer(row)
    window.committed(taken_and_sent(window, row))
    window.offer(row)
    assert window.take(START) is None
    window.begin_read()
    window.adopt([row])
    assert window.take(START) is row


def test_forgetting_keeps_what_is_on_the_wire():
    """The row that is being sent comes back; what stood behind it is left to the store."""
    window, first = Window(), a_row(version=1)
    window.offer(first)
    window.offer(a_row(version=2))
    assert window.take(START) is first
    window.forget()
    assert len(window) == 1
    window.put(replace(first, state="sent"))
    assert (len(window), window.take(START)) == (0, None)


def test_successor_of_a_row_that_failed_for_hours_is_due_at_once():
    """The store holds a call's later rows back with the failing one; settled, they go."""
    window, first = Window(), a_row(version=1)
    second = a_row(version=2, next_at=START + 7200)
    window.adopt([second, first])
    taken_and_sent(window, first)
    assert window.take(START) is second


def test_memory_of_settled_ids_is_bounded():
    """Days of traffic leave no more than the recent ids."""
    window = Window()
    for n in range(RECENT + 500):
        row = a_row(f"c{n}")
        window.offer(row)
        window.committed(taken_and_sent(window, row))
        window.begin_read()
    assert len(window._recent) == len(window._recent_order) == RECENT
    assert (len(window), window.seen, window._chars, window._waiting) == (0, 0, 0, [])
