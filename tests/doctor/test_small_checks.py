"""Version, clock and numbers."""

import pytest

from calltrackd.doctor import clock, numbers
from calltrackd.doctor.asterisk import version
from tests.doctor.seeds import brief, only, pbx, site, talk

LISTED = {"number": [{"did": "+74950000001"}], "own_numbers": ["+74950000009"]}


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", 22),
        ("16.28.0~dfsg-0+deb11u4", 16),
        ("certified/18.9-cert4", 18),
        ("certified-20.7-cert1", 20),
        ("Asterisk 20.9.3", 20),
        ("GIT-master-1a2b3c", None),
        ("", None),
    ],
)
def test_major_version(text: str, major: int | None) -> None:
    """Releases as Debian, Sangoma and FreePBX write them."""
    assert version.major(text) == major


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("13.38.3", [("version", "error")]),
        ("16.28.0", [("version", "note")]),
        ("18.26.4", []),
        ("22.10.1", []),
        ("23.1.0", [("version", "note")]),
        ("GIT-master-1a2b3c", [("version", "note")]),
        (None, []),
    ],
)
def test_version_outside_16_to_22_is_told(text: str | None, found: list[object]) -> None:
    """Too old is an error, too new a note, 16 has less."""
    assert brief(version.check(pbx(version=text))) == found


@pytest.mark.parametrize(
    ("ahead", "found"),
    [
        (0.9, []),
        (None, []),
        (1.5, [("clock", "warning")]),
        (-1.5, [("clock", "warning")]),
        (-3600.0, [("clock", "error")]),
    ],
)
def test_clock_difference(ahead: float | None, found: list[object]) -> None:
    """Above a second a warning, above half a minute an error, in both directions."""
    assert brief(clock.check(pbx(clock_ahead_s=ahead))) == found


def test_clock_says_which_way() -> None:
    """`behind` when the PBX's time is the earlier one."""
    assert "2.0 s behind this" in only(clock.check(pbx(clock_ahead_s=-2.0))).what


def test_unlisted_number_with_calls() -> None:
    """With the number of calls and the lines to write; own numbers are no news."""
    calls = (*[talk("+74950000002")] * 3, talk(), talk("+74950000009"))
    found = only(numbers.check(site(LISTED, calls=calls)))
    assert (found.check, found.severity) == ("numbers.unlisted", "warning")
    assert "+74950000002 (3)" in found.what
    assert 'did = "+74950000002"' in found.mend


def test_outbound_call_lists_no_number() -> None:
    """What the client was shown is nobody's advertisement."""
    calls = (talk("+74950000002", direction="outbound"),)
    assert list(numbers.check(site(LISTED, calls=calls))) == []


def test_listed_number_without_calls() -> None:
    """Paid for and silent among 20 calls on the other one: is it wired."""
    two = {"number": [{"did": "+74950000001"}, {"did": "+74950000002"}]}
    found = only(numbers.check(site(two, calls=(talk(),) * 20)))
    assert (found.check, found.severity) == ("numbers.silent", "note")
    assert "+74950000002" in found.what
    assert list(numbers.check(site(two, calls=(talk(),) * 19))) == []


def test_unread_store_accuses_no_number() -> None:
    """Unknown is not none."""
    assert list(numbers.check(site(LISTED, calls=None))) == []
