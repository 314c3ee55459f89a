"""From a changed call to owed rows."""

import msgspec
import pytest

from calltrackd.crm import rows as rows_module
from calltrackd.crm.rows import row_id, rows_for
from calltrackd.crm.target import Wants, targets_of
from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord, Tag, Talk, Transfer, public
from calltrackd.settings import Settings
from tests.crm.manual import START, a_target


def a_record(**fields: object) -> CallRecord:
    """An inbound call on a Moscow number."""
    given: dict[str, object] = {
        "id": "01a2efe9-9992-7000-8000-000000000000",
        "version": 3,
        "pbx": "hq",
        "direction": "inbound",
        "did": "+74951234567",
        "caller": "+79161234567",
        "caller_raw": "8 (916) 123-45-67",
        "caller_name": "Ann 89161234567",
        "started_at": START,
        **fields,
    }
    return CallRecord(**given)


def wanted(record: CallRecord, step="ended", **wants: object) -> bool:
    """Whether a target with these wants is owed the step."""
    return bool(rows_for(record, step, [a_target(wants=Wants(**wants))], START))


def test_body_is_type_time_and_the_public_record():
    """The body is the documented envelope around the record as the API shows it."""
    record = a_record(talks=[Talk("101", START + 1)])
    (row,) = rows_for(record, "answered", [a_target()], START + 2)
    event = msgspec.json.decode(row.body)
    assert event["type"] == "call.answered"
    assert event["timestamp"] == "2026-11-23T08:42:20.000Z"
    assert event["data"] == msgspec.json.decode(msgspec.json.encode(public(record)))
    assert (row.call_id, row.version, row.step, row.state) == (record.id, 3, "answered", "waiting")


def test_id_is_the_same_for_the_same_change_and_differs_otherwise():
    """Stable over crashes; other targets, calls and versions have other ids."""
    ids = {row_id(t, c, v) for t in ("a", "b") for c in ("x", "y") for v in (1, 11)}
    assert len(ids) == 8
    assert row_id("crm", a_record().id, 1) == "msg_41b805930d27a5af08aad0b917202425"
    (one,) = rows_for(a_record(), "ended", [a_target()], START)
    (again,) = rows_for(a_record(), "ended", [a_target()], START + 99)
    assert one.id == again.id == row_id("crm", a_record().id, 3)


@pytest.mark.parametrize(
    ("wants", "fits"),
    [
        ({}, True),
        ({"events": frozenset({"started"})}, False),
        ({"directions": frozenset({"outbound"})}, False),
        ({"tracked_only": True}, False),
        ({"numbers": ("+74951234567",)}, True),
        ({"numbers": ("+7812*", "+7495*")}, True),
        ({"numbers": ("+7812*",)}, False),
        ({"numbers": ("+7495123456",)}, False),
    ],
)
def test_target_hears_what_it_wants(wants, fits):
    """Each filter alone lets through or keeps back."""
    assert wanted(a_record(), **wants) is fits


def test_internal_calls_are_told_only_on_wish():
    """By default a CRM hears of calls with clients."""
    internal = a_record(direction="internal", did=None)
    assert not wanted(internal)
    assert wanted(internal, directions=frozenset({"internal"}))
    assert not wanted(internal, directions=frozenset({"internal"}), numbers=("+7*",))


def test_masked_target_sees_no_number_of_the_client():
    """Every place of the record where a client's number can stand is masked."""
    record = a_record(transfers=[Transfer("blind", "101", "+79167654321", START)])
    masked, clear = rows_for(
        record, "ended", [a_target("m", wants=Wants(mask_numbers=True)), a_target("c")], START
    )
    assert "+79161234567" in clear.body
    for secret in ("9161234567", "123-45-67", "9167654321"):
        assert secret not in masked.body
    assert msgspec.json.decode(masked.body)["data"]["caller"] == "+7916***4567"


ALERT = Alert(
    rule="refund",
    kind="phrase",
    call_id=a_record().id,
    at=START + 1,
    evidence={"quote": "мой номер 89161234567 верните деньги", "second": 3.5},
)


def test_alert_tells_its_rule_and_evidence_beside_the_record():
    """The event has its own part; the record is whole as in every other event."""
    (row,) = rows_for(a_record(), "alert", [a_target()], START + 2, ALERT)
    event = msgspec.json.decode(row.body)
    assert (row.step, event["type"]) == ("alert", "call.alert")
    assert event["alert"] == {
        "rule": "refund",
        "kind": "phrase",
        "call_id": a_record().id,
        "at": "2026-11-23T08:42:19.000Z",
        "evidence": ALERT.evidence,
    }
    assert event["data"]["id"] == a_record().id


def test_who_wants_no_alerts_hears_of_an_update():
    """The tag that came with the alert is a change of the record all the same."""
    alone = Wants(events=frozenset({"updated"}))
    (row,) = rows_for(a_record(), "alert", [a_target(wants=alone)], START, ALERT)
    event = msgspec.json.decode(row.body)
    assert (row.step, event["type"], "alert" in event) == ("updated", "call.updated", False)
    neither = Wants(events=frozenset({"ended"}))
    assert rows_for(a_record(), "alert", [a_target(wants=neither)], START, ALERT) == []


def test_numbers_that_were_said_are_masked_as_well():
    """A quote may hold a number: in the alert's evidence and in the tag's."""
    tag = Tag(name="refund", source="phrase", at=START, evidence=ALERT.evidence)
    target = a_target(wants=Wants(mask_numbers=True))
    (row,) = rows_for(a_record(tags=[tag]), "alert", [target], START, ALERT)
    assert "9161234567" not in row.body
    assert row.body.count("верните деньги") == 2


def test_record_is_serialised_once_for_many_targets(monkeypatch):
    """Ten targets cost one encoding, and their rows share one text."""
    made = []
    monkeypatch.setattr(rows_module, "public", lambda record: made.append(1) or public(record))
    rows = rows_for(a_record(), "ended", [a_target(f"t{n}") for n in range(10)], START)
    assert len(made) == 1
    assert len({id(row.body) for row in rows}) == 1


def test_who_rings_is_told_to_who_asked_for_it():
    """By default to nobody: receivers hear of no steps that they did not subscribe to."""
    assert not wanted(a_record(), "ringing")
    assert wanted(a_record(), "ringing", events=frozenset({"ringing"}))


@pytest.mark.parametrize(
    ("kind", "hears"),
    [
        ({"kind": "odoo", "database": "d", "users": {"101": "7"}}, True),
        ({"kind": "odoo", "database": "d"}, False),
        ({"kind": "odoo", "database": "d", "users": {"101": "7"}, "cards": False}, False),
        ({"kind": "retailcrm", "users": {"101": "7"}}, True),
        ({"kind": "espocrm", "users": {"101": "7"}}, True),
        ({"kind": "amocrm", "users": {"101": "7"}}, True),
        ({"kind": "bitrix24", "client_id": "local.1"}, True),
        ({"kind": "bitrix24", "mode": "webhook", "user_id": 1}, False),
        ({"kind": "hubspot", "users": {"101": "7"}}, False),
    ],
)
def test_crms_with_cards_hear_whose_phones_ring(kind, hears):
    """Where nobody would see one, nothing is told."""
    given = {"name": "crm", "secret": "s", "url": "https://crm.example", **kind}
    (target,) = targets_of(Settings.model_validate({"target": [given]}))
    assert (target.wants(a_record(), "ringing") == "ringing") is hears
