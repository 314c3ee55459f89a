"""Small words of the terminal: times, durations and texts that came from a stranger's phone."""

import re
from datetime import datetime, timedelta, tzinfo

from calltrackd.model.call import seconds

_STRANGE = "\N{REPLACEMENT CHARACTER}"
_SPAN = re.compile(r"(\d+)\s*(m|min|h|d|w)")
_UNITS = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def clean(text: object) -> str:
    """The text without what a terminal would obey: a caller's name may hold escape sequences."""
    return "".join(letter if letter.isprintable() else _STRANGE for letter in str(text))


def lasted(span_s: float) -> str:
    """Seconds as m:ss, or h:mm:ss.

    >>> lasted(32.4), lasted(3725)
    ('0:32', '1:02:05')
    """
    minutes, rest = divmod(max(0, int(span_s)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def until(at: float, now: float) -> str:
    """When something is due (unix seconds).

    >>> until(90, 100), until(130, 100)
    ('now', 'in 0:30')
    """
    return "now" if at <= now else f"in {lasted(at - now)}"


def clock(moment: str, now: float, zone: tzinfo | None) -> str:
    """A record's RFC 3339 time as HH:MM:SS, after the date when that is not today's."""
    then, today = datetime.fromtimestamp(seconds(moment), zone), datetime.fromtimestamp(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    return f"{then:%m-%d %H:%M:%S}" if then.year == today.year else f"{then:%Y-%m-%d %H:%M:%S}"


def clock_ms(at: float, zone: tzinfo | None) -> str:
    """Time of day with milliseconds: the events of one call lie close together."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S.%f}"[:-3]


def moment(text: str, now: float, zone: tzinfo | None) -> float:
    """What a person means by a time, as unix seconds. ValueError, with the forms that are known.

    `today`, `yesterday`, `90m`, `2h`, `7d`, `2w` (ago), `2026-11-23`, `2026-11-23T10:00`, RFC 3339.
    """
    word = text.strip().lower()
    midnight = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "yesterday"):
        return (midnight - timedelta(days=word == "yesterday")).timestamp()
    if span := _SPAN.fullmatch(word):
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        then = datetime.fromisoformat(text.strip())
    except ValueError:
        known = "today, yesterday, 90m, 2h, 7d, 2026-11-23, 2026-11-23T10:00"
        raise ValueError(f"{text!r} is no time; known are: {known}") from None
    return (then if then.tzinfo else then.replace(tzinfo=zone)).timestamp()
