"""A clock that is set amid a call."""

from calltrackd.daemon.clock import SteadyClock


class Times:
    """Two clocks set by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic, self.idle = 1000.0, 50.0, False
        self.clock = SteadyClock(lambda: self.idle, lambda: self.wall, lambda: self.monotonic)

    def passes(self, seconds: float, *, step: float = 0.0) -> float:
        self.monotonic += seconds
        self.wall += seconds + step
        return self.clock()


def test_clock_set_back_amid_a_call_goes_on() -> None:
    """An hour back: a call in progress goes on lasting; without calls the new time holds."""
    times = Times()
    assert times.passes(10) == 1010
    assert times.passes(5, step=-3600) == 1015
    assert times.passes(5) == 1020
    times.idle = True
    assert times.passes(5) == 1025 - 3600
    times.idle = False
    assert times.passes(5) == 1030 - 3600


def test_clock_set_forward_is_believed() -> None:
    """The machine slept: calls were seen last before."""
    times = Times()
    assert times.passes(10, step=600) == 1610
    assert times.passes(1) == 1611


def test_clock_that_caught_up_is_believed_again() -> None:
    """Set back and forth again: no offset stays."""
    times = Times()
    times.passes(1, step=-30)
    assert times.passes(1, step=30) == 1002
