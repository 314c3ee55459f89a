"""Which of several clients with one number is calling."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from calltrackd.crm.leads.match import Match, chosen, strangers


def match(name: str, deal: bool = False, active: float | None = None, made: float | None = None):
    """A contact."""
    return Match(
        kind="contact",
        id=name,
        open_deal=f"d{name}" if deal else None,
        active_at=active,
        created_at=made,
    )


CASES = {
    "nobody": ([], None),
    "the only one": ([match("a")], "a"),
    "open deal before newer activity": (
        [match("a", deal=True, active=1), match("b", active=9)], "a",
    ),
    "newest activity of two with deals": (
        [match("a", deal=True, active=1), match("b", deal=True, active=2)], "b",
    ),
    "newest activity": ([match("a", active=1, made=1), match("b", active=2, made=2)], "b"),
    "known activity before unknown": ([match("a", made=1), match("b", active=1, made=2)], "b"),
    "oldest where activity is even": (
        [match("a", active=1, made=5), match("b", active=1, made=4)], "b",
    ),
    "oldest where no activity is known": ([match("a", made=5), match("b", made=4)], "b"),
    "nobody can say": ([match("a"), match("b")], None),
    "even in all": ([match("a", active=1, made=1), match("b", active=1, made=1)], None),
    "the third is out": (
        [match("a", active=2, made=1), match("b", active=2, made=2), match("c", active=1, made=0)],
        "a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_one_that_calls(name: str) -> None:
    """Open deal, newest activity, oldest, else nobody; in whatever order they come."""
    matches, expected = CASES[name]
    for order in permutations(matches):
        found = chosen(order)
        assert (found and found.id) == expected


def test_the_contact_that_a_call_made_is_no_known_client() -> None:
    """Until he has a deal, or the call's own lead is there; others stay."""
    own, other = match("a"), match("b")
    assert strangers([own, other], "a") == [other]
    assert strangers([own], None) == [own]
    dealt = match("a", deal=True)
    assert strangers([dealt], "a") == [dealt]
    firm = replace(own, kind="company")
    assert strangers([firm], "a") == [firm]
