"""Echoes of the other side, and quiet speakers who are none."""

import numpy as np
import pytest

from tests.speech.talk.sounds import Wave, line, mapped, times, voice

OPERATOR = [(1.0, voice(3.0)), (9.0, voice(3.0))]
CALLER = [(5.0, voice(3.0, pitch=200)), (13.0, voice(3.0, pitch=200))]


def echoed(own: Wave, other: Wave, decibels: float, late_s: float) -> Wave:
    """The own line with the other's sound in it, softer and later."""
    late = round(late_s * 8_000)
    return own + 10 ** (decibels / 20) * np.concatenate(
        (np.zeros(late), other[: len(other) - late])
    )


@pytest.mark.parametrize("decibels", [-12, -18, -22, -30])
@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.08, 0.25])
def test_an_echo_is_no_segment(decibels: float, late_s: float) -> None:
    """Each side's phone gives back what the other says."""
    operator, caller = line(17.0, *OPERATOR), line(17.0, *CALLER, seed=2)
    found = mapped(
        echoed(operator, caller, decibels, late_s), echoed(caller, operator, decibels, late_s)
    )
    assert times(found, "operator") == times(mapped(operator, caller), "operator")
    assert times(found, "caller") == times(mapped(operator, caller), "caller")


def test_a_quiet_speaker_is_heard_beside_a_loud_one() -> None:
    """18 dB softer, at the same time, on a line without echo."""
    quiet = [(2.0, voice(1.0, peak=500, pitch=200)), (5.0, voice(3.0, peak=500, pitch=200))]
    found = mapped(line(13.0, *OPERATOR), line(13.0, *quiet, seed=2))
    assert times(found, "caller") == [
        (pytest.approx(2.0, abs=0.11), pytest.approx(3.0, abs=0.11)),
        (pytest.approx(5.0, abs=0.11), pytest.approx(8.0, abs=0.11)),
    ]


def test_who_speaks_at_the_same_time_as_the_other_speaks() -> None:
    """Both at one level over each other: both are heard."""
    found = mapped(line(6.0, (1.0, voice(3.0))), line(6.0, (2.0, voice(3.0, pitch=190)), seed=2))
    assert found.both_s == pytest.approx(2.0, abs=0.2)
