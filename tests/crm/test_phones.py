"""The forms in which CRMs keep numbers."""

import pytest

from calltrackd.crm import phones


def test_a_number_in_all_the_ways_that_people_type_it() -> None:
    """E.164 first, each form once."""
    assert phones.variants("+79161234567") == [
        "+79161234567", "79161234567", "89161234567", "9161234567", "+7 916 123-45-67",
        "8 (916) 123-45-67",
    ]  # fmt: skip
    assert phones.variants("+380441234567")[:3] == ["+380441234567", "380441234567", "0441234567"]
    assert phones.variants("101") == ["101"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+79161234567", "8 (916) 123-45-67", True),
        ("+79161234567", "9161234567", True),
        ("+79161234567", "+79161234568", False),
        ("+79161234567", "1234567", False),
        ("101", "101", True),
        ("", "", False),
    ],
)
def test_two_forms_of_a_number_are_the_same(one: str, other: str, same: bool) -> None:
    """By the last ten digits; what has no digits is nobody's number."""
    assert phones.same(one, other) is same


def test_national_digits() -> None:
    """Without the country's code; what is no number stays its digits."""
    assert phones.national("+79161234567") == "9161234567"
    assert phones.national("101") == "101"
