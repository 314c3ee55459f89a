"""What machines sing is nobody's talk."""

import pytest

from tests.speech.talk.sounds import Wave, framed, line, mapped, noise, times, tone, voice

TONES = {
    "ringing, Russia and Europe": (425,),
    "ringing, America": (440, 480),
    "ringing, Britain": (400, 450),
    "busy, America": (480, 620),
    "dial tone, America": (350, 440),
    "key 5": (770, 1_336),
    "key *": (941, 1_209),
    "hold beep": (1_400,),
}


@pytest.mark.parametrize("hz", TONES.values(), ids=TONES)
@pytest.mark.parametrize("seconds", [0.25, 1.0])
def test_a_tone_is_no_segment(hz: tuple[int, ...], seconds: float) -> None:
    """Also with a line's noise under it."""
    ringing = line(6.0, (1.0, tone(seconds, *hz)), (4.0, tone(seconds, *hz)))
    assert mapped(noise(6.0, seed=2), ringing).segments == []


@pytest.mark.parametrize("pitch", [85.0, 120.0, 200.0, 300.0])
def test_a_voice_is_no_tone(pitch: float) -> None:
    """Men, women, children."""
    assert not framed(line(6.0, (1.0, voice(4.0, pitch=pitch)))).tone.any()


def test_a_voice_right_after_a_tone_is_heard() -> None:
    """The answer ends the ringing, and "hello" follows at once."""
    wave = line(5.0, (1.0, tone(1.0, 425)), (2.1, voice(1.5)))
    found = times(mapped(wave, noise(5.0, seed=2)), "operator")
    assert found == [(pytest.approx(2.1, abs=0.1), pytest.approx(3.6, abs=0.1))]


@pytest.mark.parametrize("wave", [noise(5.0, 1), noise(5.0, 300), noise(5.0, 3_000), noise(5.0, 0)])
def test_noise_that_stays_is_nobody(wave: Wave) -> None:
    """However loud it is."""
    assert mapped(wave, noise(5.0, 30, seed=2)).segments == []
