"""Turns, asides, monologues, interruptions."""

import pytest

from calltrackd.model.call import Party
from calltrackd.speech.talk.turns import Segment, interruptions_of, turns_of


def talk(*spoken: str) -> list[Segment]:
    """`o 0 3` = the operator speaks from 0 to 3 s."""
    sides: dict[str, Party] = {"o": "operator", "c": "caller"}
    parts = [one.split() for one in spoken]
    found = [Segment(sides[side], float(start), float(end)) for side, start, end in parts]
    return sorted(found, key=lambda one: one.start)


@pytest.mark.parametrize(
    ("spoken", "turns"),
    [
        (["o 0 3", "c 4 6", "o 7 8"], ["operator 0-3", "caller 4-6", "operator 7-8"]),
        (["o 0 3", "o 4 6"], ["operator 0-6"]),
        (["o 0 3", "o 7 9"], ["operator 0-3", "operator 7-9"]),
        (["o 0 9", "c 4 4.5"], ["operator 0-9"]),
        (["o 0 9", "c 4 5.5"], ["operator 0-9", "caller 4-5.5"]),
        (["o 0 3", "c 2.5 6"], ["operator 0-3", "caller 2.5-6"]),
        ([], []),
    ],
)
def test_turns(spoken: list[str], turns: list[str]) -> None:
    """Pauses are within a turn up to 3 s; "aha" while the other speaks is none."""
    found = turns_of(talk(*spoken))
    assert [f"{one.side} {one.start:g}-{one.end:g}" for one in found] == turns


@pytest.mark.parametrize(
    ("spoken", "sides"),
    [
        (["o 0 3", "c 2.5 6"], ["caller"]),
        (["o 0 3", "c 2.9 6"], []),
        (["o 0 3", "c 0.1 6"], []),
        (["o 0 9", "c 4 4.5"], []),
        (["o 0 9", "c 4 5.5"], ["caller"]),
        (["o 0 3", "c 3 6", "o 5 8"], ["operator"]),
        (["o 0 3", "c 4 6"], []),
    ],
)
def test_interruptions(spoken: list[str], sides: list[str]) -> None:
    """To begin while the other has the floor, and to take it or to talk on for a second."""
    assert [one.side for one in interruptions_of(talk(*spoken))] == sides
