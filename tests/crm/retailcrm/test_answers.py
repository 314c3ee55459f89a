"""What RetailCRM's answers mean."""

import json
from typing import Any

import pytest

from calltrackd.crm.client import Answer
from calltrackd.crm.retailcrm import answers
from calltrackd.crm.trouble import AuthFailed, Limited, Permanent, Trouble, Unknown


def answer(status: int, value: Any, kind: str = "application/json") -> Answer:
    """An answer of the CRM."""
    return Answer(
        status=status,
        headers={"content-type": kind},
        body=json.dumps(value).encode() if kind.endswith("json") else b"<html>",
        where="http://shop.example",
        told="page",
        now=0.0,
    )


@pytest.mark.parametrize(
    ("status", "text", "trouble"),
    [
        (400, "Order already exists.", Permanent),
        (403, 'Wrong "apiKey" value.', AuthFailed),
        (404, "Account does not exist.", AuthFailed),
        (404, "Not found", Permanent),
        (503, "API limit exceeded", Limited),
        (200, "Errors in the entity format", Permanent),
        (500, "Internal error", Unknown),
        (502, "", Unknown),
    ],
)
def test_refusals(status: int, text: str, trouble: type[Trouble]) -> None:
    """By status and words; a success that is none, too."""
    said = {"success": False, "errorMsg": text, "errors": {"phone": "wrong"}}
    with pytest.raises(Trouble) as raised:
        answers.judge(answer(status, said))
    assert type(raised.value) is trouble


@pytest.mark.parametrize("value", [{}, [], True, None, {"orders": []}])
def test_an_answer_that_does_not_say_success(value: Any) -> None:
    """Nobody knows what it means."""
    with pytest.raises(Unknown):
        answers.judge(answer(200, value))


def test_a_page_with_200_is_no_success() -> None:
    """Maintenance."""
    with pytest.raises(Unknown):
        answers.judge(answer(200, None, "text/html"))


def test_words_of_an_error() -> None:
    """The message, then each field's."""
    said = {"errorMsg": "Errors", "errors": {"phone": "wrong"}}
    assert answers.words(said) == "Errors; wrong"
    assert answers.words({"errors": ["a", "b"]}) == "a; b"
