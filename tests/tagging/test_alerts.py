import pytest
from pydantic import ValidationError

from calltrackd.model.call import CallRecord, Tag
from calltrackd.settings.alerts import AlertRule
from calltrackd.tagging.alerts import Alerts, tag_of

AT = 1000.0


def a_call(**fields):
    """An inbound call that was answered after 5 s and talked for 20 s."""
    given = {
        "id": "call",
        "pbx": "hq",
        "direction": "inbound",
        "did": "+7495",
        "started_at": AT,
        "answered_at": AT + 5,
        "total_wait_s": 5.0,
        "talk_s": 20.0,
        "operators": ["101"],
        **fields,
    }
    return CallRecord(**given)


def names(record, **rule):
    """The rules that hold for the record."""
    return [alert.rule for alert in Alerts([AlertRule(name="x", **rule)]).judge(record, AT + 60)]


ENDED = {"ended_at": AT + 25, "hung_up_by": "operator"}


@pytest.mark.parametrize(
    ("rule", "fields", "holds"),
    [
        ({"when": "hold", "over_s": 30.0}, {"hold_s": 30.0}, True),
        ({"when": "hold", "over_s": 30.0}, {"hold_s": 29.9}, False),
        ({"when": "wait", "over_s": 30.0}, {"wait_s": 31.0, "answered_at": None}, True),
        ({"when": "wait", "over_s": 30.0}, {"wait_s": 4.0}, False),
        ({"when": "no_answer", "over_s": 20.0}, {"total_wait_s": 21.0, "answered_at": None}, True),
        ({"when": "no_answer", "over_s": 20.0}, {}, False),
        ({"when": "hang_up"}, {}, False),
        ({"when": "hang_up"}, ENDED, True),
        ({"when": "hang_up"}, {**ENDED, "answered_at": None}, False),
        ({"when": "hang_up", "under_s": 21.0}, ENDED, True),
        ({"when": "hang_up", "under_s": 20.0}, ENDED, False),
        ({"when": "hang_up", "by": "operator"}, ENDED, True),
        ({"when": "hang_up", "by": "client"}, ENDED, False),
        ({"when": "hang_up", "by": "client"}, {**ENDED, "hung_up_by": "caller"}, True),
        ({"when": "hang_up", "numbers": ["+74951234567"]}, ENDED, False),
        ({"when": "hang_up", "queues": ["sales"]}, {**ENDED, "queue": "sales"}, True),
        ({"when": "hang_up"}, {**ENDED, "direction": "outbound"}, False),
    ],
)
def test_rules(rule, fields, holds):
    """Each kind holds from its limit on, for its calls, and not before."""
    assert bool(names(a_call(**fields), **rule)) is holds


def test_once_a_call():
    """Told when it holds first; a call that ends is forgotten, another one is told anew."""
    alerts = Alerts([AlertRule(name="long hold", when="hold", over_s=10.0)])
    looks = [a_call(hold_s=held) for held in (9.0, 10.0, 60.0)]
    assert [len(alerts.judge(look, AT)) for look in looks] == [0, 1, 0]
    assert alerts.judge(a_call(hold_s=60.0, **ENDED), AT) == []
    assert len(alerts.judge(a_call(id="other", hold_s=60.0), AT)) == 1


def test_what_was_told_before_a_restart_is_not_told_again():
    """The call's own tag remembers."""
    rule = AlertRule(name="long hold", when="hold", over_s=10.0)
    tag = Tag(name="long hold", source="rule", at=AT)
    assert Alerts([rule]).judge(a_call(hold_s=60.0, tags=[tag]), AT) == []


def test_alert_bears_its_evidence_and_becomes_a_tag():
    """Seconds and operators, and of a hang-up who did it; the tag says the same."""
    (alert,) = Alerts([AlertRule(name="drop", when="hang_up")]).judge(a_call(**ENDED), AT + 25)
    assert (alert.kind, alert.call_id, alert.at) == ("hang_up", "call", AT + 25)
    assert alert.evidence == {"seconds": 20.0, "operators": ["101"], "hung_up_by": "operator"}
    tag = tag_of(alert)
    assert (tag.name, tag.source, tag.at) == ("drop", "rule", AT + 25)
    assert tag.evidence == {"kind": "hang_up", **alert.evidence}


@pytest.mark.parametrize(
    "fields",
    [
        {"when": "hold"},
        {"when": "hang_up", "over_s": 5.0},
        {"when": "wait", "over_s": 5.0, "under_s": 5.0},
        {"when": "wait", "over_s": 5.0, "by": "pbx"},
    ],
)
def test_limits_that_mean_nothing_are_refused(fields):
    """A limit of another kind of rule is a mistake, not silence."""
    with pytest.raises(ValidationError):
        AlertRule(name="x", **fields)
