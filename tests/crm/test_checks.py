"""Users of the settings against those of the CRM."""

from calltrackd.crm.checks import user_findings
from calltrackd.crm.people import CrmUser

ANNA = CrmUser(id="7", name="Anna")
GONE = CrmUser(id="8", name="Boris", active=False)


def test_users_that_are_there_are_fine() -> None:
    """One line says so."""
    (one,) = user_findings({"101": "7"}, "7", [ANNA, GONE])
    assert (one.severity, one.what) == ("fine", "2 users of the settings are users of the CRM")


def test_each_wrong_user_is_named() -> None:
    """Unknown ones are errors, inactive ones warnings, each with its place."""
    found = user_findings({"101": "9", "102": "8"}, "10", [ANNA, GONE])
    assert [(one.severity, one.what) for one in found] == [
        ("error", "extension 101: the CRM has no user 9"),
        ("warning", "extension 102: Boris is not active in the CRM"),
        ("error", "fallback_user: the CRM has no user 10"),
    ]


def test_nobody_mapped_is_a_warning() -> None:
    """Without users there are no cards."""
    (one,) = user_findings({}, None, [ANNA])
    assert one.severity == "warning"
    assert "crm users" in one.mend
