"""The ear knows the phones' tones, alone and mixed, and nothing else."""

import math
import random

import pytest

from tests.lab.sip.sound import DECODED, PACKET, SILENCE, Ear, encode, tone

TONES = {"client": 450, "client2": 600, "101": 1000, "102": 1100}


def mixed(*packets: bytes) -> bytes:
    """As a conference mixes: the sum, encoded again."""
    samples = (sum(DECODED[code] for code in codes) for codes in zip(*packets, strict=True))
    return bytes(encode(int(sample)) for sample in samples)


@pytest.mark.parametrize("name", TONES)
def test_each_tone_is_told_from_the_others(name: str) -> None:
    """One phone alone."""
    assert Ear(TONES).listen(tone(TONES[name])) == ([name], False)


def test_two_in_a_conference_are_both_heard() -> None:
    """Orthogonal tones come apart again."""
    assert Ear(TONES).listen(mixed(tone(450), tone(1000))) == (["client", "101"], False)


def test_beep_over_a_tone_is_foreign() -> None:
    """A sound of no phone is noticed also while a phone speaks."""
    assert Ear(TONES).listen(mixed(tone(1000), tone(700))) == ([], True)


def test_silence_is_nobody() -> None:
    """No phone and no foreign sound."""
    assert Ear(TONES).listen(SILENCE) == ([], False)


def test_noise_is_nobody_but_a_sound() -> None:
    """White noise has power everywhere, so it is no tone."""
    noise = random.Random(1)
    packet = bytes(encode(noise.randint(-9000, 9000)) for _ in range(PACKET))
    assert Ear(TONES).listen(packet) == ([], True)


def test_vowel_is_nobody() -> None:
    """A strong first harmonic on a phone's frequency is not enough: a vowel has others."""
    wave = [
        6000 * math.sin(2 * math.pi * 450 * n / 8000)
        + 4000 * math.sin(2 * math.pi * 900 * n / 8000)
        + 3000 * math.sin(2 * math.pi * 1350 * n / 8000)
        for n in range(PACKET)
    ]
    speakers, foreign = Ear(TONES).listen(bytes(encode(int(sample)) for sample in wave))
    assert speakers == []
    assert foreign


def test_alaw_is_g711() -> None:
    """Codes of the ITU table: zero, full scale, and sign."""
    assert encode(0) == 0xD5
    assert encode(32767) == 0xAA
    assert encode(-32768) == 0x2A
