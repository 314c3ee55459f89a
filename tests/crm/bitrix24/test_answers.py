"""Answers as the documentation shows them, and what they mean."""

import json

import pytest

from calltrackd.crm.bitrix24.answers import Absent, Expired, Moved, judged
from calltrackd.crm.bitrix24.matches import matches_of
from calltrackd.crm.bitrix24.query import command, nested
from calltrackd.crm.client import Answer
from calltrackd.crm.leads.match import chosen
from calltrackd.crm.trouble import (
    AuthFailed,
    Away,
    Barred,
    Failing,
    Limited,
    NotYet,
    Permanent,
    Trouble,
    Unknown,
)


def an_answer(status: int, body: object, kind: str = "application/json", **headers: str) -> Answer:
    """An answer with this body."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    given = {"content-type": kind, **headers}
    return Answer(status=status, headers=given, body=raw, where="https://b", told="told", now=0.0)


def error(code: str, text: str = "") -> dict[str, str]:
    """The envelope of an error."""
    return {"error": code, "error_description": text}


@pytest.mark.parametrize(
    ("status", "code", "text", "kind"),
    [
        (401, "expired_token", "", Expired),
        (401, "NO_AUTH_FOUND", "", AuthFailed),
        (403, "insufficient_scope", "", AuthFailed),
        (403, "ACCESS_DENIED", "", AuthFailed),
        (403, "WRONG_AUTH_TYPE", "", AuthFailed),
        (400, "ACCESS_DENIED", "Access denied to this one", Permanent),
        (400, "ERROR_CORE", "Unsupported phone number format", Permanent),
        (400, "100", "Parameter is missing", Permanent),
        (400, "", "Call is not found (call should be registered prior to finishing", Absent),
        (400, "ERROR_CORE", "It looks like it is not finished yet.", NotYet),
        (400, "ERROR_CORE", "Call x is not found. Is it finished?", NotYet),
        (400, "ERROR_CORE", "Server returns HTTP error code 404", Failing),
        (400, "NOT_FOUND", "Item not found", Absent),
        (429, "OPERATION_TIME_LIMIT", "", Limited),
        (500, "INTERNAL_SERVER_ERROR", "", Unknown),
        (500, "PORTAL_DELETED", "", Barred),
        (503, "QUERY_LIMIT_EXCEEDED", "", Limited),
        (503, "OVERLOAD_LIMIT", "", Barred),
        (200, "", "an error inside a 200", Permanent),
    ],
)
def test_errors_by_code_and_text(status: int, code: str, text: str, kind: type[Trouble]) -> None:
    """The presence of the key is the error, whatever stands in it."""
    with pytest.raises(Trouble) as told:
        judged(an_answer(status, error(code, text)))
    assert type(told.value) is kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (an_answer(200, "<html>Back soon", "text/html"), Unknown),
        (an_answer(200, "", "application/json"), Unknown),
        (an_answer(200, []), Unknown),
        (an_answer(503, "<html>", "text/html"), Away),
        (an_answer(502, "<html>", "text/html"), Unknown),
        (an_answer(302, "", location="https://c/rest/x"), Moved),
    ],
)
def test_what_is_no_envelope(answer: Answer, kind: type[Trouble]) -> None:
    """A success is JSON with a result in it."""
    with pytest.raises(kind):
        judged(answer)


def test_used_up_time_pauses_the_method_until_it_is_forgotten() -> None:
    """As the last success of the method said; a minute when none did."""
    answer = an_answer(429, error("OPERATION_TIME_LIMIT"))
    for rest, after in ((250.0, 250.0), (None, 60.0), (-3.0, 1.0)):
        with pytest.raises(Limited) as told:
            judged(answer, rest)
        assert (told.value.of_method, told.value.after) == (True, after)


def test_commands_come_back_as_they_were_written() -> None:
    """PHP's brackets, with everything in them that has a meaning in an address."""
    params = {"filter": {"@id": [7, 8], ">=name": "a&b=c[d"}, "select": ["id"]}
    method, _, text = command("crm.item.list", params).partition("?")
    assert method == "crm.item.list"
    assert nested(text) == {
        "filter": {"@id": {"0": "7", "1": "8"}, ">=name": "a&b=c[d"},
        "select": {"0": "id"},
    }


def test_a_name_that_is_value_and_object_is_refused() -> None:
    """A form of somebody who plays."""
    with pytest.raises(ValueError, match="value and an object"):
        nested("auth=1&auth[application_token]=2")


CONTACT = {"id": 7, "assignedById": 3, "createdTime": "2026-01-01T00:00:00+03:00", "companyId": 9}
LEAD = {"id": 5, "stageSemanticId": "P", "createdTime": "2026-02-01T00:00:00+03:00"}


def test_leads_and_deals_of_a_person_are_his() -> None:
    """An open deal makes its contact the one who calls; his company is not another caller."""
    deal = {"id": 11, "contactId": 7, "createdTime": "2026-03-01T00:00:00+03:00"}
    found = {
        "contact": [CONTACT],
        "company": [{"id": 9, "title": "Ltd"}],
        "deal": [deal],
        "lead": [{**LEAD, "contactId": 7}],
    }
    (match,) = matches_of(found)
    assert (match.kind, match.id, match.open_deal, match.responsible) == ("contact", "7", "11", "3")


def test_closed_leads_count_only_where_nobody_else_is() -> None:
    """A converted lead is its contact; alone it says at least that the caller is known."""
    closed = {**LEAD, "stageSemanticId": "S"}
    assert [one.kind for one in matches_of({"lead": [closed], "contact": [CONTACT]})] == ["contact"]
    (alone,) = matches_of({"lead": [closed]})
    assert (alone.kind, alone.open_deal) == ("lead", None)


def test_an_open_lead_of_nobody_goes_before_a_person_without_a_deal() -> None:
    """The one with something open is the one who calls."""
    match = chosen(matches_of({"lead": [LEAD], "contact": [CONTACT]}))
    assert match is not None
    assert (match.kind, match.id) == ("lead", "5")
