"""Phone numbers: E.164 where the world knows one, null where the caller hides.

Measured with phonenumbers 9 (region RU): `8 (916) 123-45-67` and `9161234567` are +79161234567,
`101` parses to an invalid +7101; so short and internal numbers never pass for a client's.
"""

from functools import lru_cache

import phonenumbers

HIDDEN = frozenset(
    {"", "<unknown>", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld"}
)


def is_hidden(raw: str) -> bool:
    """The PBX's words for a withheld number."""
    return raw.strip().lower() in HIDDEN


@lru_cache(maxsize=16_384)
def e164(raw: str, region: str) -> str | None:
    """E.164 with `+`, or None when `raw` is hidden or no number that can be dialled.

    `region`: ISO 3166 code for numbers in national form. A number that is possible but not
    assigned is kept as its digits: a PBX shows what the network sent.
    """
    if is_hidden(raw):
        return None
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        digits = raw.strip().removeprefix("+")
        return f"+{digits}" if digits.isdigit() and 10 <= len(digits) <= 15 else None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(number: str | None) -> str | None:
    """For logs: country and operator code, three stars, the last four digits.

    >>> masked("+79161234567")
    '+7916***4567'
    """
    if number is None or len(number) < 8:
        return number
    return f"{number[:5]}***{number[-4:]}"
