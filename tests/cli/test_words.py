"""Times and durations as people say them."""

from datetime import UTC, timedelta, timezone

import pytest

from calltrackd.cli.words import clean, clock, lasted, moment
from tests.cli.records import START

EAST = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", START - 5400),
        ("2h", START - 7200),
        ("7d", START - 7 * 86_400),
        ("2w", START - 14 * 86_400),
        ("2026-11-23", 1795381200.0),
        ("today", 1795381200.0),
        ("yesterday", 1795294800.0),
        ("2026-11-23T10:00", 1795417200.0),
        ("2026-11-23T10:00:00Z", 1795428000.0),
    ],
)
def test_moment_understands_what_people_write(text: str, at: float) -> None:
    """Spans count back from now; dates are of the given zone unless they name their own."""
    assert moment(text, START, EAST) == at


@pytest.mark.parametrize("text", ["", "soon", "12", "2026-13-01", "h2"])
def test_moment_refuses_the_rest_and_says_what_it_knows(text: str) -> None:
    """The error names the forms that are known."""
    with pytest.raises(ValueError, match="known are: today"):
        moment(text, START, UTC)


def test_clock_shows_the_date_only_when_it_is_not_today() -> None:
    """Today's calls need no date, last year's need the year."""
    assert clock("2026-11-23T08:42:18.507Z", START, UTC) == "08:42:18"
    assert clock("2026-11-22T08:42:18.507Z", START, UTC) == "11-22 08:42:18"
    assert clock("2025-11-22T08:42:18.507Z", START, UTC) == "2025-11-22 08:42:18"


def test_durations_read_as_minutes_and_hours() -> None:
    """Whole seconds, never less than none."""
    assert [lasted(s) for s in (-1, 0.9, 59.9, 60, 3600)] == [
        "0:00",
        "0:00",
        "0:59",
        "1:00",
        "1:00:00",
    ]


def test_clean_leaves_letters_and_takes_orders_out() -> None:
    """Escape sequences, line breaks and direction overrides become a mark."""
    assert clean("Анна\x1b[2J\n\u202e") == "Анна\ufffd[2J\ufffd\ufffd"
