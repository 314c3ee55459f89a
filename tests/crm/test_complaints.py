"""Troubles in the log."""

from structlog.testing import capture_logs

from calltrackd.crm.complaints import AGAIN_S, MOST, Complaints


def told(log) -> list[str]:
    """The reasons that were logged."""
    return [line["reason"] for line in log if "reason" in line]


def test_trouble_is_logged_when_new_and_once_an_hour():
    """A thousand attempts that fail alike are a line, and another after an hour."""
    complaints = Complaints("crm")
    with capture_logs() as log:
        for second in range(1000):
            complaints.tell("answered 500", float(second))
        complaints.tell("answered 500", AGAIN_S)
    assert told(log) == ["answered 500", "answered 500"]


def test_troubles_that_take_turns_do_not_flood():
    """Two reasons one after the other are two lines."""
    complaints = Complaints("crm")
    with capture_logs() as log:
        for second in range(100):
            complaints.tell(f"answered {500 + second % 2}", float(second))
    assert told(log) == ["answered 500", "answered 501"]


def test_trouble_after_a_recovery_is_new():
    """The end of an outage is told, and the next outage too."""
    complaints = Complaints("crm")
    with capture_logs() as log:
        complaints.tell("cannot connect", 0.0)
        complaints.recovered()
        complaints.tell("cannot connect", 1.0)
    assert [line["log_level"] for line in log] == ["warning", "info", "warning"]


def test_memory_of_troubles_is_bounded():
    """Texts without end, as a mapping could give, are not kept without end."""
    complaints = Complaints("crm")
    with capture_logs():
        for n in range(10 * MOST):
            complaints.tell(f"trouble {n}", 0.0)
    assert len(complaints._told) <= MOST
