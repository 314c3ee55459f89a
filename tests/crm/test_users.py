"""Extensions and the CRM's users."""

from calltrackd.crm.users import Users
from calltrackd.model.call import Leg, Talk
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
    gone = [Leg("102", 1.0, 2.0), Leg("102", 1.0, None, "rejected"), Leg("102")]
    rings = [*(Leg(one, 1.0) for one in ("101", "201", "999")), *gone]
    assert USERS.ringing(a_call(legs=rings)) == ["7"]


def test_nobody_rings_for_a_client_who_talks() -> None:
    """Phones of a consultation, and those that the PBX is about to silence; after it, they do."""
    legs = [Leg("101", 1.0, None, "answered"), Leg("102", 1.0)]
    talk = Talk("101", 2.0)
    call = a_call(legs=legs, answered_at=2.0, talks=[talk])
    assert USERS.ringing(call) == []
    talk.to = 9.0
    assert USERS.ringing(call) == ["8"]
    assert USERS.ringing(a_call(legs=legs, answered_at=2.0)) == []


def test_a_call_belongs_to_who_talked_last() -> None:
    """Else to whose phone rang last, else to the fallback."""
    rung = [Leg("101"), Leg("102")]
    talked = answered(a_call(legs=rung), by="101")
    assert USERS.responsible(talked) == "7"
    assert USERS.responsible(a_call(legs=rung)) == "8"
    assert USERS.responsible(a_call(legs=[Leg("999")])) == "1"
