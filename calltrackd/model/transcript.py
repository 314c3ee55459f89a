"""What was said in a call, by side: turns with their words and times.

Seconds count from the start of the recording (or of the tap); a side is who spoke, whatever
channel of the file that was; `caller` is the client in every direction.
"""

from typing import Any

import msgspec

from calltrackd.model.call import Party


class Word(msgspec.Struct, gc=False):
    """One word as it was heard. `confidence` 0-1, None when the engine gives none."""

    word: str
    start: float
    end: float
    confidence: float | None = None


class Turn(msgspec.Struct):
    """What one side said without a longer pause. `words` is empty when the engine times none."""

    side: Party
    start: float
    end: float
    text: str
    confidence: float | None = None
    words: list[Word] = []


class Transcript(msgspec.Struct):
    """One recording (or tap) as text; `turns` in the order of their start."""

    engine: str
    model: str
    language: str
    """ISO 639-1, as in the settings: `ru`, `uk`, `en`, `kk`."""
    duration_s: float
    turns: list[Turn] = []


def public(transcript: Transcript) -> dict[str, Any]:
    """The transcript in its public shape, ready for JSON: seconds in milliseconds."""
    shown: dict[str, Any] = msgspec.to_builtins(transcript)
    shown["duration_s"] = round(transcript.duration_s, 3)
    for turn in shown["turns"]:
        for item in (turn, *turn["words"]):
            item["start"], item["end"] = round(item["start"], 3), round(item["end"], 3)
            if item["confidence"] is not None:
                item["confidence"] = round(item["confidence"], 3)
    return shown
