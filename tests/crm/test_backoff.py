"""When to try again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.crm import backoff

NOW = 1_795_423_338.0
CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.floats(0, 1e7), CHANCE)
def test_wait_is_within_the_ceiling_of_its_age(age, chance):
    """Full jitter: anywhere between the floor and the age's ceiling."""
    assert backoff.FLOOR_S <= backoff.wait(age, chance) <= backoff.ceiling(age)


def test_ceilings_follow_the_schedule():
    """A row that waits each ceiling out meets them all in turn: seconds, minutes, hours."""
    age, met = 0.0, []
    while age < 72 * 3600:
        met.append(backoff.ceiling(age))
        age += met[-1]
    assert tuple(met[:7]) == backoff.CEILINGS_S
    assert set(met[7:]) == {36_000.0}


@given(st.integers(1, 10**6), CHANCE)
def test_pause_grows_to_a_minute_and_is_never_short(failures, chance):
    """A recovery is noticed within a minute; a probe never follows at once."""
    assert 0.5 <= backoff.pause(failures, chance) <= 60
    assert backoff.pause(failures, chance) <= backoff.pause(failures + 1, chance)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 3600.0),
        ("Mon, 23 Nov 2026 08:44:18 GMT", 120.0),
        ("Mon, 23 Nov 2026 08:40:00 GMT", 0.0),
        ("Mon, 23 Nov 2126 08:40:00 GMT", 3600.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Mon, 99 Foo", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """Both forms of RFC 9110, capped at an hour; nonsense is no wish."""
    assert backoff.retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_bounded(header):
    """Whatever a server writes there, we wait between nothing and an hour."""
    wait = backoff.retry_after(header, NOW)
    assert wait is None or 0 <= wait <= backoff.RETRY_AFTER_CAP_S
