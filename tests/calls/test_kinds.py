"""first, repeat, returning, unique, quality and the admin's own kinds, as a table."""

from typing import Any

import pytest

from calltrackd.calls.kinds import DAY_S, judge
from calltrackd.model.call import CallRecord, Direction, EarlierCall, Outcome, Tag
from calltrackd.settings import Kinds

NOW = 1_800_000_000.0
RULES = Kinds.model_validate(
    {"repeat_period_days": 30.0, "quality_talk_s": 30.0, "quality_tags": ["sale"]}
)


def call(**fields: Any) -> CallRecord:
    """A lost inbound call of a known client."""
    known = {"id": "this", "pbx": "hq", "direction": "inbound", "started_at": NOW}
    known |= {"caller": "+79161234567", "did": "+74950000001", "outcome": "abandoned"}
    return CallRecord(**known | fields)


def ago(days: float, outcome: Outcome = "answered", call_id: str = "other") -> EarlierCall:
    """A call that many days before (after, when negative)."""
    return EarlierCall(call_id, NOW - days * DAY_S, outcome, [], [])


def tag(name: str) -> Tag:
    """A tag by keys."""
    return Tag(name=name, source="keypad", at=NOW)


@pytest.mark.parametrize(
    ("earlier", "kinds"),
    [
        ([], ["first", "unique"]),
        ([ago(1)], ["repeat"]),
        ([ago(30)], ["repeat"]),
        ([ago(30.00001)], ["returning", "unique"]),
        ([ago(400)], ["returning", "unique"]),
        ([ago(400), ago(2), ago(90)], ["repeat"]),
        ([ago(1, "abandoned")], ["repeat"]),
        ([ago(1, "in_progress")], ["repeat"]),
        ([ago(0)], ["first", "unique"]),
        ([ago(-1)], ["first", "unique"]),
        ([ago(1, call_id="this")], ["first", "unique"]),
    ],
)
def test_contacts_decide_by_their_age(earlier: list[EarlierCall], kinds: list[str]) -> None:
    """Only what began before this call counts, the latest of it, whatever came of it."""
    assert judge(call(), earlier, RULES) == kinds


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_calls_to_a_client_have_kinds_like_calls_of_one(direction: Direction) -> None:
    """A call back is a repeat of the lost call."""
    assert judge(call(direction=direction), [ago(0.01)], RULES) == ["repeat"]


@pytest.mark.parametrize("fields", [{"caller": None}, {"direction": "internal"}])
def test_who_is_nobodys_client_has_no_contacts(fields: dict[str, Any]) -> None:
    """Anonymous calls are never joined, colleagues are no clients."""
    assert judge(call(**fields), [ago(1)], RULES) == []


@pytest.mark.parametrize(
    ("fields", "quality"),
    [
        ({"outcome": "answered", "clean_talk_s": 30.0}, True),
        ({"outcome": "answered", "clean_talk_s": 29.999}, False),
        ({"outcome": "answered", "clean_talk_s": 5.0, "talk_s": 60.0}, False),
        ({"outcome": "answered", "clean_talk_s": 5.0, "tags": [tag("sale")]}, True),
        ({"outcome": "answered", "clean_talk_s": 5.0, "tags": [tag("spam")]}, False),
        ({"outcome": "voicemail", "clean_talk_s": 60.0}, False),
        ({"outcome": "abandoned", "tags": [tag("sale")]}, False),
        ({"outcome": "answered", "clean_talk_s": 30.0, "caller": None}, True),
    ],
)
def test_quality_takes_a_person_and_talk_or_a_tag(fields: dict[str, Any], quality: bool) -> None:
    """Hold is no talk, a mailbox is no person; who hides may be worth much all the same."""
    assert ("quality" in judge(call(**fields), [], RULES)) is quality


def test_numbers_may_have_limits_of_their_own() -> None:
    """The period and the talk of their entry hold for their calls only."""
    entry = {"numbers": ["+74950000001"], "repeat_period_days": 1.0, "quality_talk_s": 90.0}
    rules = Kinds.model_validate({"override": [entry]})
    answered = call(outcome="answered", clean_talk_s=60.0)
    assert judge(answered, [ago(2)], rules) == ["returning", "unique"]
    answered.did = "+74950000002"
    assert judge(answered, [ago(2)], rules) == ["repeat", "quality"]


@pytest.mark.parametrize(
    ("condition", "fields", "holds"),
    [
        ({}, {}, True),
        ({}, {"direction": "outbound"}, False),
        ({"directions": ["outbound"]}, {"direction": "outbound"}, True),
        ({"numbers": ["+74950000001"]}, {}, True),
        ({"numbers": ["+74950000002"]}, {}, False),
        ({"outcomes": ["abandoned", "busy"]}, {}, True),
        ({"outcomes": ["answered"]}, {}, False),
        ({"talk_s": 10.0}, {"clean_talk_s": 10.0}, True),
        ({"talk_s": 10.0}, {"clean_talk_s": 9.9}, False),
        ({"tags": ["a", "b"]}, {"tags": [tag("b")]}, True),
        ({"tags": ["a", "b"]}, {"tags": [tag("c")]}, False),
        ({"tags": ["b"], "talk_s": 10.0}, {"tags": [tag("b")]}, False),
    ],
)
def test_a_kind_of_ones_own_holds_when_all_its_conditions_do(
    condition: dict[str, Any], fields: dict[str, Any], holds: bool
) -> None:
    """Each condition alone, and two together."""
    rules = Kinds.model_validate({"rule": [{"name": "target", **condition}]})
    assert ("target" in judge(call(**fields), [], rules)) is holds


def test_own_kinds_follow_in_the_order_of_the_file() -> None:
    """After the built-in ones, so a replayed record is byte-equal."""
    rules = Kinds.model_validate({"rule": [{"name": "z"}, {"name": "a"}]})
    assert judge(call(), [], rules) == ["first", "unique", "z", "a"]
