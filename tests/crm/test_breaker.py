"""The breaker alone."""

from calltrackd.crm.breaker import SUSPECTS, Breaker
from calltrackd.crm.outcome import Failed

OUTAGE = Failed(reason="cannot connect", scope="outage")
ERROR = Failed(reason="answered 500", scope="target")
BAD = Failed(reason="answered 422", scope="row")


def a_breaker() -> Breaker:
    """One whose jitter is at its longest."""
    return Breaker(lambda: 1.0)


def test_outage_opens_at_once():
    """Nobody answers: no other row needs to try."""
    breaker = a_breaker()
    breaker.failed("c1", OUTAGE, 0.0)
    assert [breaker.state(at) for at in (0.0, 0.9, 1.0)] == ["open", "open", "half-open"]


def test_errors_of_one_call_do_not_open():
    """A call that fails a hundred times may be at fault itself."""
    breaker = a_breaker()
    for at in range(100):
        breaker.failed("c1", ERROR, float(at))
    assert breaker.state(100.0) == "closed"


def test_errors_of_several_calls_open():
    """As many different calls as it takes, none delivered between."""
    breaker = a_breaker()
    for n in range(SUSPECTS):
        assert breaker.state(0.0) == "closed"
        breaker.failed(f"c{n}", ERROR, 0.0)
    assert breaker.state(0.0) == "open"


def test_delivery_between_clears_the_suspicion():
    """One success tells that the target lives."""
    breaker = a_breaker()
    for n in range(20):
        breaker.failed(f"c{n}", ERROR, 0.0)
        assert breaker.delivered() is False
    assert breaker.state(0.0) == "closed"


def test_row_at_fault_never_opens():
    """A 422 says something about the row, and that the target is there."""
    breaker = a_breaker()
    for n in range(100):
        breaker.failed(f"c{n}", BAD, 0.0)
    assert breaker.state(0.0) == "closed"


def test_pauses_grow_with_each_failed_probe():
    """1, 2, 4 ... 60 s with the jitter at its end."""
    breaker, now, pauses = a_breaker(), 0.0, []
    for _ in range(9):
        breaker.failed("c1", OUTAGE, now)
        pauses.append(breaker.until - now)
        now = breaker.until
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_late_answers_of_an_open_breaker_do_not_prolong_it():
    """Eight requests that fail together are one failure."""
    breaker = a_breaker()
    for n in range(8):
        breaker.failed(f"c{n}", OUTAGE, 0.0)
    assert breaker.until == 1.0


def test_wished_pause_is_kept_also_when_already_open():
    """A Retry-After that comes late is obeyed, and a shorter one does not cut it."""
    breaker = a_breaker()
    breaker.failed("c1", OUTAGE, 0.0)
    breaker.failed("c2", Failed(reason="answered 429", scope="outage", after=300.0), 0.0)
    breaker.failed("c3", Failed(reason="answered 429", scope="outage", after=10.0), 0.0)
    assert breaker.until == 300.0


def test_delivered_probe_closes():
    """The end of an outage is told once."""
    breaker = a_breaker()
    breaker.failed("c1", OUTAGE, 0.0)
    assert [breaker.delivered(), breaker.delivered()] == [True, False]
    assert breaker.state(0.0) == "closed"
