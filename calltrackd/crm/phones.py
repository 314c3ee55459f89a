"""The forms in which CRMs keep a number that we know as E.164 (pure)."""

import phonenumbers

LAST = 10
"""Digits by which amoCRM and telephone habits compare."""


def digits(phone: str) -> str:
    """All digits.

    >>> digits("+7 (916) 123-45-67")
    '79161234567'
    """
    return "".join(filter(str.isdigit, phone))


def national(phone: str) -> str:
    """The digits without the country's code.

    >>> national("+79161234567"), national("+380441234567"), national("+12025550123")
    ('9161234567', '441234567', '2025550123')
    """
    try:
        return str(phonenumbers.parse(phone).national_number)
    except phonenumbers.NumberParseException:
        return digits(phone)


def variants(phone: str) -> list[str]:
    """E.164 first, then the other ways in which people type it into a CRM's field, each once.

    >>> variants("+79161234567")[:4]
    ['+79161234567', '79161234567', '89161234567', '9161234567']
    """
    found = [phone, digits(phone)]
    try:
        parsed = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return list(dict.fromkeys(found))
    prefixed = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    found += [digits(prefixed), national(phone)]
    found += [phonenumbers.format_number(parsed, international), prefixed]
    return list(dict.fromkeys(found))


def same(one: str, other: str) -> bool:
    """Whether two numbers in any form are the same: their last ten digits, or all of a short one.

    >>> same("+79161234567", "8 (916) 123-45-67"), same("+79161234567", "1234567")
    (True, False)
    """
    mine, theirs = digits(one), digits(other)
    return bool(mine) and mine[-LAST:] == theirs[-LAST:]
