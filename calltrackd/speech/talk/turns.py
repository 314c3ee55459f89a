"""Turns, monologues and interruptions of two speakers, from their segments. Pure."""

from collections.abc import Sequence

import msgspec

from calltrackd.model.call import Party

ASIDE_S = 1.0
"""Seconds: "aha" and "yes" within the other's speech are listening, no turn."""
HOLDS_FLOOR_S = 0.3
"""Seconds after which one who began to speak has the floor: who starts sooner starts together."""
OVERLAP_S = 0.2
"""Seconds of speaking over the other that nobody does by accident of the line's delay."""
PAUSE_S = 3.0
"""Seconds of silence after which one who goes on begins a new monologue."""


class Segment(msgspec.Struct, frozen=True):
    """One side speaks, with no pause above 200 ms."""

    side: Party
    start: float
    end: float


class Interruption(msgspec.Struct, frozen=True):
    """`side` began to speak while the other had the floor, and took it."""

    side: Party
    at: float
    overlap_s: float


class Monologue(msgspec.Struct, frozen=True):
    """A turn: what one side says until the other takes it. Pauses are within."""

    side: Party
    start: float
    end: float
    duration_s: float


def turns_of(segments: Sequence[Segment]) -> list[Monologue]:
    """The turns in order; asides of the listener are no turns. `segments` by their start."""
    taken: list[Monologue] = []
    for one, held in zip(segments, _held_floors(segments), strict=True):
        aside = held is not None and one.end <= held.end and one.end - one.start < ASIDE_S
        if aside:
            continue
        last = taken[-1] if taken else None
        if last is not None and last.side == one.side and one.start - last.end <= PAUSE_S:
            taken[-1] = _turn(one.side, last.start, max(last.end, one.end))
        else:
            taken.append(_turn(one.side, one.start, one.end))
    return taken


def interruptions_of(segments: Sequence[Segment]) -> list[Interruption]:
    """Starts within the other's segment, which they outlast or speak over for ASIDE_S."""
    found = []
    for one, held in zip(segments, _held_floors(segments), strict=True):
        if held is None:
            continue
        overlap = min(one.end, held.end) - one.start
        takes_it = one.end > held.end or overlap >= ASIDE_S
        if one.start - held.start >= HOLDS_FLOOR_S and takes_it and overlap >= OVERLAP_S:
            found.append(Interruption(one.side, one.start, overlap))
    return found


def _turn(side: Party, start: float, end: float) -> Monologue:
    return Monologue(side, start, end, end - start)


def _held_floors(segments: Sequence[Segment]) -> list[Segment | None]:
    """For each segment the other side's one during which it begins, None: the floor was free."""
    latest: dict[Party, Segment] = {}
    floors: list[Segment | None] = []
    for one in segments:
        held = latest.get("caller" if one.side == "operator" else "operator")
        free = held is None or not held.start < one.start < held.end
        floors.append(None if free else held)
        latest[one.side] = one
    return floors
