"""When to try again: full jitter under a ceiling that grows with the age of the trouble.

The ceiling depends on how long a row has been failing, not on how often it was tried: a restart
or a burst of attempts neither hurries nor delays it.
Sources: Standard Webhooks' schedule (5 s, 5 m, 30 m, 2 h, 5 h, 10 h ...), AWS's full jitter,
RFC 9110 section 10.2.3 (Retry-After).
"""

from bisect import bisect_right
from datetime import UTC
from email.utils import parsedate_to_datetime

CEILINGS_S = (5.0, 30.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Longest waits, in turn; the last one stays."""

_AGES_S = tuple(sum(CEILINGS_S[: n + 1]) for n in range(len(CEILINGS_S) - 1))

FLOOR_S = 0.5
"""No attempt follows the other faster than this."""

RETRY_AFTER_CAP_S = 3600.0
"""A target may ask for silence, but not for days of it."""

PAUSE_FIRST_S, PAUSE_CAP_S = 1.0, 60.0
"""Between probes of a target that is down: a recovery is noticed within a minute."""


def ceiling(age_s: float) -> float:
    """The longest wait, in seconds, of a row that has been failing for `age_s` seconds.

    >>> [ceiling(age) for age in (0, 5, 40, 3600, 10**6)]
    [5.0, 30.0, 300.0, 7200.0, 36000.0]
    """
    return CEILINGS_S[bisect_right(_AGES_S, age_s)]


def wait(age_s: float, chance: float) -> float:
    """Seconds until the row's next attempt; `chance` is uniform in [0, 1)."""
    return max(FLOOR_S, ceiling(age_s) * chance)


def pause(failures: int, chance: float) -> float:
    """Seconds until the next probe after `failures` (1 or more) failed ones.

    Half to full jitter: a target that is down is asked neither at once nor by all in step.
    """
    longest = min(PAUSE_CAP_S, PAUSE_FIRST_S * 2.0 ** min(failures - 1, 10))
    return longest * (0.5 + chance / 2)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds asked for by a Retry-After header: seconds or an HTTP date, within 0 and one hour.

    None without a header or when it is neither: the schedule of our own holds then.
    """
    if header is None:
        return None
    value = header.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), RETRY_AFTER_CAP_S)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - now, 0.0), RETRY_AFTER_CAP_S)
