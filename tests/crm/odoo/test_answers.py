"""What Odoo's answers mean, as Odoo 19.0 gave them."""

import json
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.client import Answer
from calltrackd.crm.odoo import answers
from calltrackd.crm.trouble import (
    AuthFailed,
    Away,
    Failing,
    Limited,
    NotYet,
    Permanent,
    Trouble,
    Unknown,
)
from calltrackd.model.call import Tag
from calltrackd.store import outbox
from tests.crm.odoo.given import odoo_house
from tests.crm.odoo.test_calls import over, retag, tell
from tests.fakes.odoo import OdooFake


def answer(status: int, body: Any, kind: str = "application/json") -> Answer:
    """An answer of Odoo's, or of what stands before it."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {"content-type": kind}
    return Answer(status=status, headers=headers, body=data, where="odoo", told="", now=0.0)


def error(name: str) -> dict[str, str]:
    """What Odoo tells of an exception."""
    return {"name": name, "message": "words", "debug": "Traceback ..."}


@pytest.mark.parametrize(
    ("status", "name", "trouble"),
    [
        (500, "builtins.ValueError", Permanent),
        (500, "builtins.KeyError", Permanent),
        (500, "psycopg2.errors.NumericValueOutOfRange", Permanent),
        (500, "psycopg2.errors.SerializationFailure", NotYet),
        (500, "psycopg2.errors.DeadlockDetected", NotYet),
        (409, "odoo.exceptions.ConcurrencyError", NotYet),
        (500, "psycopg2.OperationalError", Unknown),
        (500, "builtins.MemoryError", Failing),
        (422, "odoo.exceptions.ValidationError", Permanent),
        (422, "odoo.exceptions.UserError", Permanent),
        (404, "odoo.exceptions.MissingError", Permanent),
        (404, "werkzeug.exceptions.NotFound", AuthFailed),
        (401, "werkzeug.exceptions.Unauthorized", AuthFailed),
        (403, "odoo.exceptions.AccessError", AuthFailed),
        (429, "werkzeug.exceptions.TooManyRequests", Limited),
        (503, "werkzeug.exceptions.ServiceUnavailable", Away),
    ],
)
def test_the_exception_tells_more_than_the_status(
    status: int, name: str, trouble: type[Trouble]
) -> None:
    """What Odoo raised was rolled back; whether it may ever be taken, its name says."""
    with pytest.raises(Trouble) as raised:
        answers.judge(answer(status, error(name)), of_records=False)
    assert type(raised.value) is trouble
    assert "Traceback" not in str(raised.value)


def test_one_record_that_is_refused_does_not_stop_the_target() -> None:
    """A request that names records may be refused for one of them alone."""
    with pytest.raises(Permanent):
        answers.judge(answer(403, error("odoo.exceptions.AccessError")), of_records=True)


@pytest.mark.parametrize(
    ("status", "trouble"), [(404, AuthFailed), (502, Unknown), (200, Unknown), (503, Away)]
)
def test_pages_of_others(status: int, trouble: type[Trouble]) -> None:
    """HTML of a proxy, or of an Odoo that has no such database."""
    with pytest.raises(trouble):
        answers.judge(answer(status, "<html>", "text/html"), of_records=True)


@pytest.mark.parametrize("value", [None, 5, [1], True, {"name": "a record's own name"}])
def test_successes_are_left_alone(value: Any) -> None:
    """Whatever JSON it is."""
    answers.judge(answer(200, value), of_records=True)


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        ({"ids": False, "messages": [{"message": "could not serialize access due to"}]}, NotYet),
        ({"ids": False, "messages": [{"message": "не удалось сериализовать доступ"}]}, NotYet),
        ({"ids": False, "messages": [{"message": "No matching record"}]}, Permanent),
        ({"ids": False}, Permanent),
        ([], Unknown),
        (None, Unknown),
    ],
)
def test_an_import_without_ids_is_no_success(value: Any, trouble: type[Trouble]) -> None:
    """Inside 200: two changes at once, or a record that Odoo does not take."""
    with pytest.raises(trouble):
        answers.loaded(value)


async def test_changes_at_once_are_tried_again(tmp_path: Path) -> None:
    """`ids: false` inside 200, twice, and then it is taken."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        fake.conflicts = 2
        await tell(house, over())
        assert set((await house.states()).values()) == {"sent"}
        assert len(fake.kept["crm.lead"]) == 1


async def test_unknown_field_is_a_dead_letter_and_the_next_call_goes_on(tmp_path: Path) -> None:
    """A 500 that no repetition mends; Odoo's words are kept, without its traceback."""
    rules = {"fields": {"x_nosuch": "{{ source.term }}"}}
    async with OdooFake() as fake, odoo_house(fake, tmp_path, lead=rules) as house:
        fake.add("res.partner", name="Known", phone="+79160000002")
        fake.add("crm.lead", phone="+79160000002")
        await tell(house, over())
        await tell(house, over("c2", "+79160000002"))
        assert await house.states() == {"c1 ended": "dead", "c2 ended": "sent"}
        async with house.store.read() as conn:
            (dead,) = [row for row in await outbox.list_rows(conn) if row.state == "dead"]
        assert "Invalid field 'x_nosuch'" in (dead.last_error or "")
        assert "Traceback" not in (dead.last_error or "")


async def test_deleted_lead_is_a_dead_letter(tmp_path: Path) -> None:
    """Somebody deleted the document between the call and its tags."""
    async with OdooFake() as fake, odoo_house(fake, tmp_path) as house:
        await tell(house, over())
        fake.kept["crm.lead"].clear()
        await retag(house, Tag(name="hot", source="keypad", at=1.0))
        assert (await house.states())["c1 updated"] == "dead"
