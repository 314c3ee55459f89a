"""The talk map of one call: who speaks when, and what follows from it.

Pure but for `of_tracks`, which reads the files. Seconds lie on the time line of the tracks.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from calltrackd.model.call import Party
from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.talk import crosstalk, turns
from calltrackd.speech.talk.activity import active, loudness_db
from calltrackd.speech.talk.frames import FRAMES_A_SECOND, RATE, Framer, SideFrames
from calltrackd.speech.talk.spans import Mask, Places, closed, long_enough, runs
from calltrackd.speech.talk.turns import Interruption, Monologue, Segment

GAP = 20
"""Frames: pauses of up to 200 ms are breath between words of one segment."""
SHORTEST = 8
"""Frames: 80 ms is the shortest word; what is shorter is a click."""
CORE = 4
"""Frames that a run must have before its pauses are closed: what a gate leaves of an echo has
fewer."""

SIDES: tuple[Party, Party] = ("operator", "caller")


class Voice(msgspec.Struct):
    """One side's frames on the time line."""

    frames: SideFrames
    begins_s: float = 0.0


class TalkMap(msgspec.Struct, kw_only=True):
    """Who spoke when. `*_s` are seconds."""

    begins_s: float
    """Where on the time line the talk begins (the answer)."""
    duration_s: float
    """From there to the end of the recording."""
    segments: list[Segment]
    talk_s: dict[Party, float]
    shares: dict[Party, float]
    """Of all that was spoken; together 1, or 0 when nobody spoke."""
    silence_s: float
    """Seconds in which nobody spoke."""
    both_s: float
    """Seconds in which both did."""
    interruptions: list[Interruption]
    longest_monologue: Monologue | None
    monologue_s: dict[Party, float]
    """The longest one of each side."""
    turns: dict[Party, int]
    tenths: list[Party | None]
    """Who spoke more in each tenth of the talk; None: nobody spoke for a tenth of it."""


def talk_map(operator: Voice | None, caller: Voice | None) -> TalkMap:
    """The map of two sides; a side that was not recorded is silent."""
    voices = (operator, caller)
    begins = min((voice.begins_s for voice in voices if voice is not None), default=0.0)
    ends = [voice.begins_s + len(voice.frames.low) / FRAMES_A_SECOND for voice in voices if voice]
    count = round((max(ends, default=begins) - begins) * FRAMES_A_SECOND)
    sides = [_placed(voice, begins, count) for voice in voices]
    masks = [_spoken(sides[0], sides[1]), _spoken(sides[1], sides[0])]
    return summary(masks[0], masks[1], begins)


def summary(operator: Mask, caller: Mask, begins_s: float = 0.0) -> TalkMap:
    """What follows from the two sides' masks (one truth each 10 ms, of one length)."""
    masks = dict(zip(SIDES, (operator, caller), strict=True))
    segments = _segments(masks, begins_s)
    talk = {side: _seconds(mask) for side, mask in masks.items()}
    said = sum(talk.values())
    taken = turns.turns_of(segments)
    return TalkMap(
        begins_s=begins_s,
        duration_s=len(operator) / FRAMES_A_SECOND,
        segments=segments,
        talk_s=talk,
        shares={side: round(talk[side] / said, 4) if said else 0.0 for side in SIDES},
        silence_s=_seconds(~(operator | caller)),
        both_s=_seconds(operator & caller),
        interruptions=turns.interruptions_of(segments),
        longest_monologue=max(taken, key=lambda one: one.duration_s, default=None),
        monologue_s={
            side: max((one.duration_s for one in taken if one.side == side), default=0.0)
            for side in SIDES
        },
        turns={side: sum(one.side == side for one in taken) for side in SIDES},
        tenths=[_holder(part) for part in _tenths(masks)],
    )


def of_tracks(tracks: Iterable[Track]) -> TalkMap:
    """The map of a call's tracks; those that hold both sides in one channel tell nothing.

    Tracks of one side follow each other (a recording a talk segment). AudioError, blocking: about
    a ten-thousandth of the recording's length.
    """
    by_side: dict[Party, list[Track]] = {}
    for track in tracks:
        if track.party is not None:
            by_side.setdefault(track.party, []).append(track)
    return talk_map(_voice(by_side.get("operator", ())), _voice(by_side.get("caller", ())))


def alone(side: SideFrames) -> tuple[Places, Places]:
    """A side's runs of speech when nothing is known of the other: first frames, frames behind."""
    return runs(long_enough(closed(active(side) & ~side.tone, GAP), SHORTEST))


def public(found: TalkMap) -> dict[str, Any]:
    """The map in its public shape, ready for JSON: seconds in milliseconds."""
    shown: dict[str, Any] = msgspec.to_builtins(found)
    return {name: _rounded(value) for name, value in shown.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


class _Side(msgspec.Struct):
    """A side on the call's frames."""

    active: Mask
    tone: Mask
    level: NDArray[np.float32]


def _placed(voice: Voice | None, begins_s: float, count: int) -> _Side:
    """Judged by itself first: the time before a side begins is no quiet line."""
    side = _Side(
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
        np.full(count, crosstalk.NOTHING_DB, np.float32),
    )
    if voice is not None:
        first = round((voice.begins_s - begins_s) * FRAMES_A_SECOND)
        there = slice(first, first + len(voice.frames.low))
        side.active[there] = active(voice.frames)
        side.tone[there] = voice.frames.tone
        side.level[there] = loudness_db(voice.frames)
    return side


def _spoken(own: _Side, other: _Side) -> Mask:
    """Frames in which the side itself speaks."""
    leaked = crosstalk.leaked(own.level, other.level, other.active & ~other.tone)
    voice = long_enough(own.active & ~own.tone & ~leaked, CORE)
    return long_enough(closed(voice, GAP), SHORTEST)


def _voice(tracks: Sequence[Track]) -> Voice | None:
    """The tracks of a side, one after the other on the time line."""
    if not tracks:
        return None
    ordered = sorted(tracks, key=lambda track: track.begins_s)
    begins = ordered[0].begins_s
    framer = Framer()
    fed = 0
    for track in ordered:
        until = round((track.begins_s - begins) * RATE)
        while fed < until:
            pause = min(until - fed, RATE)
            framer.feed(np.zeros(pause, np.int16))
            fed += pause
        for block in track.at_rate(RATE):
            framer.feed(block)
            fed += len(block)
    return Voice(framer.finish(), begins)


def _segments(masks: dict[Party, Mask], begins_s: float) -> list[Segment]:
    """Both sides' segments in the order of their start."""
    segments = []
    for side, mask in masks.items():
        starts, ends = runs(mask)
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
            start, end = (begins_s + frame / FRAMES_A_SECOND for frame in (first, last))
            segments.append(Segment(side, start, end))
    return sorted(segments, key=lambda one: (one.start, one.end))


def _seconds(mask: Mask) -> float:
    return int(np.count_nonzero(mask)) / FRAMES_A_SECOND


def _tenths(masks: dict[Party, Mask]) -> list[dict[Party, Mask]]:
    parts = {side: np.array_split(mask, 10) for side, mask in masks.items()}
    return [{side: parts[side][number] for side in SIDES} for number in range(10)]


def _holder(part: dict[Party, Mask]) -> Party | None:
    """Who speaks more in a part; at a tie the operator, who is paid for it."""
    said = {side: int(np.count_nonzero(mask)) for side, mask in part.items()}
    side = max(SIDES, key=lambda one: said[one])
    return side if said[side] * 10 >= max(1, len(part[side])) else None
