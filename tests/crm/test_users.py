"""Extensions and the CRM's users."""

from calltrackd.crm.users import Users
from calltrackd.model.call import Leg
from tests.crm.house import a_call, answered

USERS = Users({"101": "7", "102": "8", "201": "7"}, fallback="1")


def test_both_ways() -> None:
    """Of two phones of a user the first in the settings is his."""
    assert USERS.user("201") == "7"
    assert USERS.user("999") is None
    assert USERS.user(None) is None
    assert USERS.extension("7") == "101"
    assert USERS.extension("9") is None


def test_ringing_users_are_each_named_once() -> None:
    """Only phones that ring now, and only those of known users."""
    rings = [Leg("101"), Leg("201"), Leg("999"), Leg("102", ended_at=2.0)]
    assert USERS.ringing(a_call(legs=rings)) == ["7"]


def test_a_call_belongs_to_who_talked_last() -> None:
    """Else to whose phone rang last, else to the fallback."""
    rung = [Leg("101"), Leg("102")]
    talked = answered(a_call(legs=rung), by="101")
    assert USERS.responsible(talked) == "7"
    assert USERS.responsible(a_call(legs=rung)) == "8"
    assert USERS.responsible(a_call(legs=[Leg("999")])) == "1"
