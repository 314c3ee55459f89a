"""What follows from who speaks when."""

import msgspec
import numpy as np
import pytest

from calltrackd.speech.talk.talkmap import Voice, public, summary, talk_map
from tests.speech.talk.sounds import framed, line, noise, times, voice


def mask(count: int, *spans: tuple[int, int]) -> "np.typing.NDArray[np.bool_]":
    """Frames that are spoken in."""
    frames = np.zeros(count, np.bool_)
    for first, last in spans:
        frames[first:last] = True
    return frames


def test_the_figures_of_a_talk() -> None:
    """10 s: the operator 0-4 s and 8-10 s, the caller 3-7 s over the operator's end."""
    found = summary(mask(1_000, (0, 400), (800, 1_000)), mask(1_000, (300, 700)))
    assert found.talk_s == {"operator": 6.0, "caller": 4.0}
    assert found.shares == {"operator": 0.6, "caller": 0.4}
    assert (found.silence_s, found.both_s, found.duration_s) == (1.0, 1.0, 10.0)
    assert [(one.side, one.at, one.overlap_s) for one in found.interruptions] == [
        ("caller", 3.0, 1.0)
    ]
    assert found.longest_monologue is not None
    assert (found.longest_monologue.side, found.longest_monologue.duration_s) == ("operator", 4.0)
    assert found.turns == {"operator": 2, "caller": 1}
    assert found.tenths == ["operator"] * 4 + ["caller"] * 3 + [None] + ["operator"] * 2


def test_nobody_speaks() -> None:
    """Silence has no shares, no turns and no holder, also where there is no sound at all."""
    for count in (0, 1, 500):
        found = summary(mask(count), mask(count))
        assert found.segments == []
        assert found.shares == {"operator": 0.0, "caller": 0.0}
        assert found.longest_monologue is None
        assert found.tenths == [None] * 10


def test_sides_that_begin_apart_share_one_time_line() -> None:
    """Two files of one talk, the caller's begun 2 s later; the noise of its line is no speech."""
    operator = Voice(framed(line(8.0, (1.0, voice(2.0)))), begins_s=10.0)
    caller = Voice(framed(line(6.0, (3.0, voice(2.0, pitch=200)), seed=2)), begins_s=12.0)
    found = talk_map(operator, caller)
    assert (found.begins_s, found.duration_s) == (10.0, 8.0)
    assert times(found, "operator") == [(pytest.approx(11, abs=0.1), pytest.approx(13, abs=0.1))]
    assert times(found, "caller") == [(pytest.approx(15, abs=0.1), pytest.approx(17, abs=0.1))]


def test_a_side_that_was_not_recorded_is_silent() -> None:
    """The map of the other one is drawn all the same."""
    found = talk_map(Voice(framed(line(5.0, (1.0, voice(2.0))))), None)
    assert found.talk_s["caller"] == 0.0
    assert found.talk_s["operator"] == pytest.approx(2.0, abs=0.2)
    assert talk_map(None, None).segments == []


def test_the_pbx_s_own_silence_sets_no_floor() -> None:
    """Zeros before the media, then a line's noise: the noise is no speech for that."""
    wave = np.concatenate((np.zeros(24_000), noise(6.0, 60)))
    assert talk_map(Voice(framed(wave)), None).segments == []


def test_clicks_are_no_words() -> None:
    """20 ms of a crackling contact, now and then."""
    wave = line(10.0, *((second + 0.5, noise(0.02, 6_000, seed=second)) for second in range(9)))
    assert talk_map(Voice(framed(wave)), Voice(framed(noise(10.0, seed=2)))).segments == []


def test_the_public_shape_is_plain_json() -> None:
    """Seconds in milliseconds, sides by their names."""
    shown = public(summary(mask(300, (0, 100)), mask(300, (150, 233))))
    again = msgspec.json.decode(msgspec.json.encode(shown))
    assert again["segments"] == [
        {"side": "operator", "start": 0.0, "end": 1.0},
        {"side": "caller", "start": 1.5, "end": 2.33},
    ]
    assert {"shares", "silence_s", "interruptions", "longest_monologue", "tenths"} <= set(again)
