"""What was heard on each side as one transcript."""

from collections.abc import Sequence

from calltrackd.model.call import Party
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.speech.engines.base import Heard
from calltrackd.speech.wire import Listened


def transcript_of(
    answer: Listened, language: str, sides: Sequence[Party], duration_s: float
) -> Transcript:
    """Turns of all sides in the order of their start."""
    turns = [
        turn_of(one, side)
        for side, voice in zip(sides, answer.voices, strict=True)
        for one in voice
        if one.kind == "final"
    ]
    turns.sort(key=lambda turn: (turn.start, turn.end))
    return Transcript(answer.engine, answer.model, language, duration_s, turns)


def turn_of(one: Heard, side: Party) -> Turn:
    """A final as a turn of that side."""
    return Turn(side, one.start, one.end, one.text, one.confidence, one.words)
