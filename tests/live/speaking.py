"""What phones say in live tests: turns of the calls in tests/data/speech, and where words end."""

import functools
from typing import NamedTuple

import soundfile

from tests.lab.sip.sound import RATE, encode
from tests.speech import given

BEFORE_S = 0.15
AFTER_S = 0.15
"""Sound of the recording around a turn."""


class Turn(NamedTuple):
    """One turn as A-law, with the second of it at which each word ends."""

    speech: bytes
    text: str
    ends: dict[str, float]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.speech) / RATE


@functools.cache
def turn(call: str, text: str) -> Turn:
    """The first turn of a call in which `text` is said."""
    found = next(one for one in given.truth(call)["segments"] if text in one["text"])
    start, end = found["start"] - BEFORE_S, found["end"] + AFTER_S
    samples, rate = soundfile.read(
        given.call(call), dtype="int16", start=int(start * RATE), stop=int(end * RATE)
    )
    assert rate == RATE
    speech = bytes(encode(int(sample)) for sample in samples[:, found["ch"]])
    ends = {word["w"]: word["end"] - start for word in found["words"]}
    return Turn(speech, found["text"], ends)
