"""Who is in the talk at a moment."""

from calltrackd.model.call import Party
from calltrackd.speech.presence import MOST_CHANGES, SLACK_S, Presence

BOTH: frozenset[Party] = frozenset({"caller", "operator"})
CLIENT: frozenset[Party] = frozenset({"caller"})


def test_hold_leaves_the_operator_out() -> None:
    """From the hold to its end, with half a second on either side."""
    presence = Presence()
    presence.change(100.0, BOTH)
    presence.change(110.0, CLIENT)
    presence.change(120.0, BOTH)
    heard = [presence.talks("operator", at) for at in (100.0, 110.0 + SLACK_S / 2, 115.0, 120.0)]
    assert heard == [True, True, False, True]
    assert presence.talks("caller", 115.0)


def test_first_sides_were_there_before() -> None:
    """A talk is seen a moment after it began."""
    presence = Presence()
    presence.change(100.0, BOTH)
    assert presence.talks("caller", 90.0)


def test_nobody_before_the_first_look() -> None:
    """Nothing is known, nothing is heard."""
    assert not Presence().talks("caller", 90.0)


def test_memory_is_bounded() -> None:
    """An hour of changing hands keeps the last ones."""
    presence = Presence()
    for n in range(10 * MOST_CHANGES):
        presence.change(float(n), BOTH if n % 2 else CLIENT)
    assert len(presence._since) == MOST_CHANGES
    assert presence.talks("caller", 10.0 * MOST_CHANGES)
