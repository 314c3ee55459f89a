"""The leaky bucket: never faster than allowed, pauses for all, cards first."""

import asyncio

import pytest

from calltrackd.crm.limiter import Limiter
from tests.crm.conftest import settle_down
from tests.crm.manual import ManualClock


class Line:
    """People in a row before a limiter; `gone`: who went, and when."""

    def __init__(self, rate: float, burst: int) -> None:
        self.clock = ManualClock()
        self.began = self.clock.now()
        self.limiter = Limiter(self.clock, rate, burst)
        self.clock.advance(burst / rate)
        self.began = self.clock.now()
        self.gone: list[tuple[str, float]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def come(self, name: str, method: str = "", *, urgent: bool = False) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(self._go(name, method, urgent=urgent))
        self._tasks.append(task)
        return task

    async def _go(self, name: str, method: str, *, urgent: bool) -> None:
        await self.limiter.turn(method, urgent=urgent)
        self.gone.append((name, self.clock.now() - self.began))

    async def pass_time(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            await settle_down(5)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.gone]


async def test_a_burst_and_then_the_rate() -> None:
    """The bucket holds 5 and leaks 2 a second; never more than that got through."""
    line = Line(rate=2.0, burst=5)
    for n in range(11):
        line.come(str(n))
    await settle_down()
    assert len(line.gone) == 5
    await line.pass_time(3.2)
    assert line.names == [str(n) for n in range(11)]
    for count, (_, at) in enumerate(line.gone, 1):
        assert count <= 5 + 2.0 * at + 1e-6


@pytest.mark.parametrize("most", [1.0, 2.5, 8.0, 10.0])
async def test_never_more_than_allowed_in_any_second(most: float) -> None:
    """Wherever the second begins, a burst counts as part of it; and no faster than it must be."""
    line = Line(rate=most, burst=1)
    line.limiter = Limiter.in_any_second(line.clock, most)
    for n in range(40):
        line.come(str(n))
    await line.pass_time(42.0 / most * 1.5, step=0.01)
    times = [at for _, at in line.gone]
    assert len(times) == 40
    busiest = max(sum(1 for at in times if begin <= at < begin + 0.999) for begin in times)
    assert most * 0.8 <= busiest <= max(1, most + 0.5)


async def test_a_new_bucket_is_full() -> None:
    """A process before us may have used it up: no burst right after a start."""
    clock = ManualClock()
    limiter = Limiter(clock, rate=2.0, burst=50)
    turn = asyncio.ensure_future(limiter.turn())
    await settle_down()
    assert not turn.done()
    clock.advance(0.5)
    await settle_down()
    assert turn.done()


async def test_cards_overtake_records() -> None:
    """Who is urgent goes before all that wait already."""
    line = Line(rate=1.0, burst=1)
    for name in ("first", "log"):
        line.come(name)
    line.come("card", urgent=True)
    await settle_down()
    await line.pass_time(3)
    assert line.names == ["first", "card", "log"]


async def test_a_pause_holds_for_all() -> None:
    """Nothing goes out until it is over."""
    line = Line(rate=10.0, burst=10)
    line.limiter.pause(5.0)
    line.come("a")
    line.come("card", urgent=True)
    await line.pass_time(4.9)
    assert line.gone == []
    assert line.limiter.paused() > 0
    await line.pass_time(0.3)
    assert line.names == ["card", "a"]


async def test_a_pause_of_a_method_holds_for_it_alone() -> None:
    """Bitrix24's OPERATION_TIME_LIMIT: other methods go on."""
    line = Line(rate=10.0, burst=10)
    line.limiter.pause(5.0, "crm.item.add")
    line.come("slow", "crm.item.add")
    line.come("other", "crm.item.list")
    await line.pass_time(1)
    assert line.names == ["other"]
    await line.pass_time(4.5)
    assert line.names == ["other", "slow"]


async def test_who_gave_up_waiting_takes_no_turn() -> None:
    """A cancelled request leaves its place to the next."""
    line = Line(rate=1.0, burst=1)
    line.come("first")
    gone = line.come("gave up")
    line.come("next")
    await settle_down()
    gone.cancel()
    await line.pass_time(1.1)
    assert line.names == ["first", "next"]
