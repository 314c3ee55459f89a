"""When the samples of a file that grows were said."""

import pytest

from calltrackd.speech.audio.file_clock import FileClock

ANSWER = 1_000.0


def steps(clock: FileClock, *seen: tuple[float, float]) -> None:
    """Looks at a file: (seconds after the answer, seconds in it)."""
    for at, length_s in seen:
        clock.seen(ANSWER + at, length_s)


def test_file_begins_with_the_answer() -> None:
    """Buffers of the PBX make it grow late and in steps: that is no pause."""
    clock = FileClock(ANSWER - 5, ANSWER)
    steps(clock, (0.1, 0.0), (2.4, 0.0), (2.5, 2.05), (4.5, 2.05), (4.6, 4.1))
    assert clock.said(4.1) == ANSWER + 4.1


def test_ringing_before_the_answer_is_told_by_the_length() -> None:
    """What is there already can't have been said later than now."""
    clock = FileClock(ANSWER - 5, ANSWER)
    steps(clock, (0.1, 3.0))
    assert clock.said(3.0) == pytest.approx(ANSWER + 0.1)
    assert clock.said(0.0) == pytest.approx(ANSWER - 2.9)


def test_never_before_the_recording_was_asked_for() -> None:
    """A PBX's clock may be ahead of ours."""
    clock = FileClock(ANSWER - 1, ANSWER)
    steps(clock, (0.1, 3.0))
    assert clock.said(0.0) == ANSWER - 1


def test_pause_moves_what_follows() -> None:
    """A file that stood still for ten seconds goes on ten seconds later."""
    clock = FileClock(ANSWER, ANSWER)
    steps(clock, (1.0, 1.0), (2.0, 2.0))
    before = clock.said(2.0)
    steps(clock, *((2.0 + n / 10, 2.0) for n in range(100)), (12.0, 2.1))
    assert before == ANSWER + 2.0
    assert clock.said(2.1) == pytest.approx(ANSWER + 12.0)


def test_rare_looks_are_no_pause() -> None:
    """A share that answers every four seconds shows steps as late as that."""
    clock = FileClock(ANSWER, ANSWER)
    steps(clock, (4.0, 3.0), (8.0, 4.0), (12.0, 11.9))
    assert clock.said(11.9) == pytest.approx(ANSWER + 11.9)


def test_what_was_told_moves_no_more_to_the_front() -> None:
    """Words that were heard keep their order."""
    clock = FileClock(ANSWER - 5, ANSWER)
    steps(clock, (2.0, 2.0))
    assert clock.said(2.0) == ANSWER + 2.0
    steps(clock, (2.1, 3.0))
    assert clock.said(3.0) == ANSWER + 3.0
