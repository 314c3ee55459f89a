"""Operators over a period."""

import pytest

from calltrackd.speech.talk.share import by_operator
from calltrackd.speech.talk.talkmap import summary
from tests.speech.talk.test_talkmap import mask


def test_seconds_weigh_not_calls() -> None:
    """A short call that the operator filled and a long one that the caller filled."""
    short = summary(mask(100, (0, 100)), mask(100))
    long = summary(mask(900, (0, 100)), mask(900, (60, 860)))
    (line,) = by_operator([("101", short), ("101", long)])
    assert (line.operator, line.calls, line.duration_s) == ("101", 2, 10.0)
    assert line.talk_share == pytest.approx(2 / 10)
    assert line.silence_share == pytest.approx(0.04)
    assert (line.interrupts_a_call, line.interrupted_a_call) == (0.0, 0.5)
    assert line.longest_monologue_s == 1.0
    assert line.turns_a_call == 1.5


def test_operators_come_by_name() -> None:
    """One line each, whatever the order of the calls."""
    call = summary(mask(100), mask(100))
    lines = by_operator([("102", call), ("101", call), ("102", call)])
    assert [(one.operator, one.calls, one.talk_share) for one in lines] == [
        ("101", 1, 0.0),
        ("102", 2, 0.0),
    ]
    assert by_operator([]) == []
