"""What of a CRM is read once in a while."""

import asyncio

import pytest

from calltrackd.crm.kept import KEPT_S, Kept
from calltrackd.crm.trouble import Failing
from tests.crm.manual import ManualClock


class Crm:
    """Counts how often it is asked."""

    asked = 0
    down = False

    async def read(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise Failing("down")
        return self.asked


async def test_all_who_ask_at_once_are_one_request() -> None:
    """The others wait for its answer; another thing is another request."""
    crm, kept = Crm(), Kept(ManualClock())
    assert await asyncio.gather(*(kept.get("users", crm.read) for _ in range(5))) == [1] * 5
    assert await kept.get("fields", crm.read) == 2


async def test_it_is_read_anew_after_its_time_or_when_forgotten() -> None:
    """And not before."""
    crm, clock = Crm(), ManualClock()
    kept = Kept(clock)
    for passes, expected in ((0.0, 1), (KEPT_S - 1, 1), (1.0, 2)):
        clock.advance(passes)
        assert await kept.get("users", crm.read) == expected
    kept.forget("users")
    assert await kept.get("users", crm.read) == 3


async def test_a_failure_is_not_kept() -> None:
    """Whoever asks next asks the CRM."""
    crm, kept = Crm(), Kept(ManualClock())
    crm.down = True
    with pytest.raises(Failing):
        await kept.get("users", crm.read)
    crm.down = False
    assert await kept.get("users", crm.read) == 2
