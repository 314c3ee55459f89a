"""A talk and the hold inside it."""

from calltrackd.calls.segment import Segment
from calltrackd.calls.stopwatch import Stopwatch


def test_overlapping_reasons_of_hold_count_once() -> None:
    """Held from 2 to 8, away from 4 to 10: eight seconds."""
    segment = Segment("101", "c", 0.0)
    segment.hold("held", 2)
    segment.hold("away", 4)
    segment.resume("held", 8)
    segment.resume("away", 10)
    assert segment.talk(20).hold_s == 8


def test_blink_is_no_hold() -> None:
    """Milliseconds out of the room are a Local channel optimised away; a real hold counts."""
    segment = Segment("101", "c", 0.0)
    segment.hold("away", 2)
    segment.resume("away", 2.3)
    assert segment.talk(20).hold_s == 0
    segment.hold("held", 3)
    segment.resume("held", 3.2)
    assert round(segment.talk(20).hold_s, 3) == 0.2


def test_late_hold_changes_nothing() -> None:
    """A hold that was over already does not begin again."""
    segment = Segment("101", "c", 0.0)
    segment.hold("held", 2)
    segment.resume("held", 4)
    segment.hold("held", 2)
    assert segment.talk(20).hold_s == 2


def test_closing_ends_the_hold() -> None:
    """The hold is over with the talk, which never ends before it began."""
    segment = Segment("101", "c", 5.0)
    segment.hold("held", 6)
    segment.close(9)
    assert (segment.talk(20).to, segment.talk(20).hold_s) == (9, 3)
    early = Segment("101", "c", 5.0)
    early.close(4)
    assert early.to == 5


def test_stopwatch_adds_stays_up() -> None:
    """Repeated starts and stops change nothing."""
    watch = Stopwatch()
    for start, stop in ((1, 3), (5, 6)):
        watch.start(start)
        watch.start(start + 0.5)
        watch.stop(stop)
        watch.stop(stop + 0.5)
    watch.start(10)
    assert (watch.total(14), watch.running) == (7, True)
