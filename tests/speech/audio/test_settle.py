"""Sizes over time, and what they mean."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.speech.audio.settle import SettleRules, Settling

RULES = SettleRules(settle_s=3, late_s=100)


def judged(*looks: tuple[float, int | None]) -> tuple[str, float | None]:
    """The verdict after the last of some looks (moment, size)."""
    settling = Settling.begin(*looks[0])
    for at, size in looks[1:]:
        settling = settling.look(at, size)
    verdict = settling.verdict(looks[-1][0], RULES)
    return verdict.kind, verdict.look_at


@pytest.mark.parametrize(
    ("looks", "verdict"),
    [
        ([(0, 500)], ("wait", 3)),
        ([(0, 500), (3, 500)], ("ready", None)),
        ([(0, 500), (2.9, 600)], ("wait", 5.9)),
        ([(0, 500), (2, 600), (4, 600)], ("wait", 5)),
        ([(0, 500), (2, 600), (5, 600)], ("ready", None)),
        ([(0, None)], ("wait", 1)),
        ([(0, None), (40, None)], ("wait", 50)),
        ([(0, None), (99, None)], ("wait", 100)),
        ([(0, None), (100, None)], ("missing", None)),
        ([(0, 0), (100, 0)], ("empty", None)),
        ([(0, None), (99, 700)], ("wait", 102)),
        ([(0, None), (99, 700), (102, 700)], ("ready", None)),
        ([(50, 500), (10, 500)], ("wait", 13)),
    ],
)
def test_verdicts(looks: list[tuple[float, int | None]], verdict: tuple[str, float | None]) -> None:
    """Growing, whole, late, missing, empty, and a clock that was set back."""
    assert judged(*looks) == verdict


def test_a_restart_goes_on_with_what_was_seen() -> None:
    """The state is data, in a job's row or anywhere."""
    settling = Settling.begin(0, None).look(5, 10)
    assert msgspec.json.decode(msgspec.json.encode(settling), type=Settling) == settling


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 50), st.none() | st.integers(0, 3)), min_size=1))
def test_waiting_always_looks_ahead(steps: list[tuple[float, int | None]]) -> None:
    """A wait names a later moment, so nobody looks for ever at the same one."""
    at, settling = 0.0, Settling.begin(0.0, None)
    for pause, size in steps:
        at += pause
        settling = settling.look(at, size)
        verdict = settling.verdict(at, RULES)
        assert (verdict.kind == "wait") == (verdict.look_at is not None)
        assert verdict.look_at is None or verdict.look_at > at
