"""What never stands in a log line: secrets always, phone numbers when the settings say so.

Both are structlog processors over whole event dictionaries: values are searched however deep they
lie, and what is no plain value is turned into its text first, so a number inside an exception's
message or a traceback is found too.
"""

import re
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

from calltrackd.model.numbers import masked

EventDict = MutableMapping[str, Any]
REDACTED = "[redacted]"

_SECRET_KEY = re.compile(r"secret|passw|token|authorization|api_?key|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<url>(?<=://)[^/\s:@]*:[^/\s@]+(?=@))"  # user:password@ of a URL
    r"|(?P<whsec>whsec_[A-Za-z0-9+/=_-]+)"
    r"|(?P<name>(?:\b|_)(?:secret|password|passwd|token|api_?key)=|\b(?:secret|key): |\bBearer |"
    r"\bAuthorization: )(?P<value>[^\s,;&]+(?:(?<=Basic) \S+|(?<=Bearer) \S+)?)",
    re.IGNORECASE,
)
_SECRET_LETTERS = frozenset("=: _")
"""Each form of a secret in a text has one of them; most values have none."""
_NUMBER = re.compile(
    r"(?P<keep>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a call's or a channel's UUID
    r"|(?<!\d)\d{9,10}\.\d+"  # unix seconds, Asterisk's Uniqueid
    r"|(?<!\d)20\d\d[01]\d[0-3]\d(?!\d)"  # the date in a recording's name
    r"|-[0-9a-f]{8}(?=;[12]|[\s,\"')\]]|$))"  # end of an Asterisk channel name
    r"|(?<![0-9A-Za-z.])(?:\+?\d{7,15}"
    r"|\+\d[\d ()-]{6,18}\d"  # +7 (916) 123-45-67
    r"|(?:\d ?)?\(\d{3,5}\)[ \d-]{5,10}\d)"  # 8 (916) 123-45-67
    r"(?![0-9A-Za-z]|\.\d)",
    re.IGNORECASE,
)
_IDS = frozenset({"call", "id", "row", "logger", "level"})
"""Keys of ours whose values are never numbers of people."""


def redact_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A processor: values under a secret's name, and secrets that stand inside a text."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key, value) else _walk(value, without_secrets)
    return event


def mask_numbers(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A processor: +79161234567 becomes +7916***4567 wherever it stands, but not in our ids."""
    for key, value in event.items():
        if key not in _IDS:
            event[key] = _walk(value, without_numbers)
    return event


def without_secrets(text: str) -> str:
    """The text with passwords of URLs, webhook secrets and `password=…` blotted out.

    >>> without_secrets("amqp://bob:hunter2@broker/ refused")
    'amqp://[redacted]@broker/ refused'
    """
    if _SECRET_LETTERS.isdisjoint(text):
        return text
    return _SECRET_TEXT.sub(lambda found: (found["name"] or "") + REDACTED, text)


def without_numbers(text: str) -> str:
    """The text with phone numbers (7 to 15 digits, or written with brackets) masked.

    >>> without_numbers("PJSIP/trunk-0000001a from 8 (916) 123-45-67")
    'PJSIP/trunk-0000001a from 89161***4567'
    """
    return _NUMBER.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    if found["keep"] is not None:
        return found[0]
    plus = "+" if found[0].startswith("+") else ""
    digits = "".join(filter(str.isdigit, found[0]))
    return masked(plus + digits) or "" if len(digits) > 7 else f"***{digits[-4:]}"


def _is_secret(key: object, value: object) -> bool:
    return isinstance(key, str) and value is not None and _names_secret(key)


@lru_cache(1024)
def _names_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key))


def _walk(value: Any, clean: Callable[[str], str]) -> Any:
    """`clean` over every text in the value; other objects become their cleaned repr."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {
            clean(key) if isinstance(key, str) else key: (
                REDACTED if _is_secret(key, item) else _walk(item, clean)
            )
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_walk(item, clean) for item in value]
    return clean(str(value) if isinstance(value, BaseException) else repr(value))
