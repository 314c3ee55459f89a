"""`calltrackd outbox`."""

import json
from typing import Any

import pytest

from calltrackd.model.outbox import OutboxRow
from tests.cli.conftest import House
from tests.cli.records import START, identity


def row(number: int, **fields: Any) -> OutboxRow:
    """A delivery of the first call, one version a number."""
    base: dict[str, Any] = {
        "id": f"msg_{number}abc",
        "target": "crm",
        "call_id": identity(0),
        "version": number,
        "step": "updated",
        "body": '{"type":"call.updated"}',
        "created_at": START + number,
        "next_at": START,
    }
    return OutboxRow(**{**base, **fields})


@pytest.fixture
def owing(house: House) -> House:
    """A site that owes one delivery, and has two dead letters of two targets."""
    house.owe(
        row(1, state="dead", attempts=9, last_error="connection\nrefused", last_status=None),
        row(2),
        row(3, state="dead", target="other"),
    )
    return house


def states(house: House) -> dict[str, str]:
    """Delivery -> state."""
    return {one.id: one.state for one in house.owed()}


def test_list_filters_by_target_and_state(owing: House) -> None:
    """JSON bears the body as an object and times as RFC 3339."""
    words = ["--json", "--state", "dead", "--target", "crm"]
    (line,) = owing.run("outbox", "list", *words).stdout.splitlines()
    shown = json.loads(line)
    assert (shown["id"], shown["body"]) == ("msg_1abc", {"type": "call.updated"})
    assert shown["created_at"] == "2026-11-23T08:42:19.000Z"


def test_list_tells_people_what_happened(owing: House) -> None:
    """One line a delivery, whatever the error's text is."""
    lines = owing.run("outbox", "list").stdout.splitlines()
    assert len(lines) == 4
    assert "again now" in lines[2]
    assert "connection refused" in lines[3]


def test_show_prints_the_delivery_with_its_body(owing: House) -> None:
    """By the beginning of its id too."""
    shown = owing.run("outbox", "show", "msg_1").stdout
    assert "last_error     connection refused" in shown
    assert '"type": "call.updated"' in shown


def test_retry_owes_the_named_deliveries_again(owing: House) -> None:
    """From now on, as if never tried."""
    result = owing.run("outbox", "retry", "msg_1")
    assert result.stdout == "1 delivery will be tried again within seconds\n"
    assert states(owing) == {"msg_1abc": "waiting", "msg_2abc": "waiting", "msg_3abc": "dead"}


def test_retry_of_all_dead_letters_of_a_target_leaves_the_others(owing: House) -> None:
    """--dead with --target."""
    result = owing.run("outbox", "retry", "--dead", "--target", "other")
    assert result.stdout == "1 delivery will be tried again within seconds\n"
    assert states(owing) == {"msg_1abc": "dead", "msg_2abc": "waiting", "msg_3abc": "waiting"}


def test_drop_asks_and_gives_up_for_good(owing: House) -> None:
    """No: nothing happens. Yes: all dead ones go, waiting ones stay."""
    assert owing.run("outbox", "drop", "--dead", input="n\n").exit_code == 1
    assert states(owing)["msg_1abc"] == "dead"
    result = owing.run("outbox", "drop", "--dead", input="y\n")
    assert "2 deliveries dropped" in result.stdout
    assert states(owing) == {"msg_1abc": "dropped", "msg_2abc": "waiting", "msg_3abc": "dropped"}


def test_deliveries_must_be_named_in_one_way(owing: House) -> None:
    """Neither ids nor --dead, or both: a usage error, and nothing is changed."""
    for words in ([], ["--dead", "msg_1"]):
        assert owing.run("outbox", "retry", *words).exit_code == 2
    assert states(owing)["msg_1abc"] == "dead"


def test_one_unknown_delivery_leaves_all_as_they_are(owing: House) -> None:
    """Exit code 1 and the id that is unknown."""
    result = owing.run("outbox", "retry", "msg_1", "msg_9")
    assert result.exit_code == 1
    assert "no delivery has the id msg_9" in result.stderr
    assert states(owing)["msg_1abc"] == "dead"
