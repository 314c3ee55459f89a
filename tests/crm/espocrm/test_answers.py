"""What EspoCRM's answers mean."""

import json
from typing import Any

import pytest

from calltrackd.crm.client import Answer
from calltrackd.crm.espocrm import answers
from calltrackd.crm.trouble import (
    AuthFailed,
    Away,
    Failing,
    Limited,
    Permanent,
    Trouble,
    Unknown,
)


def answer(status: int, value: Any = None, why: str = "", kind: str = "application/json") -> Answer:
    """An answer of the CRM."""
    return Answer(
        status=status,
        headers={"content-type": kind, "x-status-reason": why},
        body=value if isinstance(value, bytes) else json.dumps(value).encode(),
        where="http://crm.example",
        told="page",
        now=0.0,
    )


@pytest.mark.parametrize(
    ("status", "why", "of_record", "trouble"),
    [
        (400, "Field validation failure; field: name", False, Permanent),
        (401, "", False, AuthFailed),
        (403, "No 'create' access.", False, AuthFailed),
        (403, "No 'edit' access.", True, Permanent),
        (403, "Assignment failure: assigned user or team not allowed.", False, Permanent),
        (404, "", False, AuthFailed),
        (404, "Record does not exist.", True, Permanent),
        (409, "duplicate", False, Permanent),
        (429, "", False, Limited),
        (500, "", False, Unknown),
        (502, "", False, Unknown),
        (503, "Maintenance mode", False, Away),
    ],
)
def test_refusals(status: int, why: str, of_record: bool, trouble: type[Trouble]) -> None:
    """By status, what was asked, and the reason in the header; a 500 may have been taken."""
    with pytest.raises(Trouble) as raised:
        answers.judge(answer(status, b"<h1>", why, "text/html"), of_record=of_record)
    assert type(raised.value) is trouble
    assert why in raised.value.detail or trouble in {AuthFailed, Away}


def test_a_page_with_200_is_no_success() -> None:
    """Of a proxy, or of EspoCRM's own front page where the address is wrong."""
    with pytest.raises(Unknown):
        answers.judge(answer(200, b"<html>", kind="text/html"), of_record=False)


@pytest.mark.parametrize("value", [True, [], {"list": None}, None])
def test_a_list_without_a_list(value: Any) -> None:
    """Nothing was changed, so it is asked again."""
    with pytest.raises(Failing):
        answers.rows(value)


@pytest.mark.parametrize("value", [True, [], {}, {"id": None}, None])
def test_a_new_record_without_an_id(value: Any) -> None:
    """It may have been made: that is asked before it is made again."""
    with pytest.raises(Unknown):
        answers.made(value)
