"""eventfilter lines: none, a good one, and those that throw away too much."""

from pathlib import Path

import pytest

from calltrackd.doctor.asterisk import filters
from calltrackd.doctor.asterisk.facts import ManagerUser
from calltrackd.doctor.asterisk.filters import ADVISED, dropped
from tests.doctor.seeds import ALL_CLASSES, brief, only, pbx

DELIVERED = Path(__file__).parents[2] / "dialplan" / "asterisk" / "manager_calltrackd.conf"
EVENTS = ["Newchannel", "Hangup", "DTMFEnd", "VarSet", "CEL"]


def with_filters(*lines: tuple[str, str]) -> list[object]:
    """Findings about a user with these filters."""
    user = ManagerUser(ALL_CLASSES, frozenset({"call"}), lines)
    return list(filters.check(pbx(user=user)))


def test_advised_filter_passes_its_own_check() -> None:
    """What we advise drops nothing that we need."""
    assert with_filters(*(tuple(line.split(" = ", 1)) for line in ADVISED)) == []


def test_advised_filter_is_the_one_that_we_deliver() -> None:
    """The doctor and the manager's snippet say the same lines."""
    delivered = DELIVERED.read_text().splitlines()
    assert tuple(line for line in delivered if line.startswith("eventfilter")) == ADVISED


def test_no_filter_is_advised_one() -> None:
    """A note with the line to write."""
    found = only(with_filters())
    assert (found.check, found.severity) == ("filter.advised", "note")
    assert set(ADVISED) <= set(found.mend)


def test_filter_that_drops_keys_is_an_error() -> None:
    """`!Event: DTMF` leaves no tag."""
    found = only(with_filters(("eventfilter", "!Event: DTMF.*")))
    assert (found.check, found.severity) == ("filter.strict", "error")
    assert "DTMFBegin, DTMFEnd" in found.what


def test_filter_of_the_flood_costs_recordings_only() -> None:
    """Without VarSet and Newexten calls are right still."""
    found = only(with_filters(("eventfilter", "!Event: (VarSet|Newexten|CEL)")))
    assert found.severity == "warning"
    assert "recordings" in found.means


def test_allowing_filter_drops_all_that_it_does_not_name() -> None:
    """One filter without `!` makes a white list."""
    found = with_filters(("eventfilter", "Event: (Newchannel|Hangup)"))
    assert ("filter.strict", "error") in brief(found)
    assert dropped([("eventfilter", "Event: Newchannel")], EVENTS) == sorted(EVENTS[1:])


@pytest.mark.parametrize(
    ("option", "value", "lost"),
    [
        ("eventfilter", "!Event: Hangup", ["Hangup"]),
        ("eventfilter", "!Hangup$", []),
        ("eventfilter", "!Channel: Local/", []),
        ("eventfilter", "Channel: PJSIP/", []),
        ("eventfilter", "!Event: (unclosed", []),
        ("eventfilter(action(exclude),name(VarSet))", "", ["VarSet"]),
        ("eventfilter(action(exclude),name(VarSet),header(Variable),method(exact))", "x", []),
        ("eventfilter(name(Newchannel))", "", ["CEL", "DTMFEnd", "Hangup", "VarSet"]),
    ],
)
def test_only_what_is_surely_lost_is_told(option: str, value: str, lost: list[str]) -> None:
    """Filters over other lines of an event, and unreadable ones, accuse nobody."""
    assert dropped([(option, value)], EVENTS) == lost


def test_allowed_and_dropped_is_dropped() -> None:
    """A `!` filter wins over one that lets pass."""
    both = [("eventfilter", "Event: .*"), ("eventfilter", "!Event: CEL")]
    assert dropped(both, EVENTS) == ["CEL"]
