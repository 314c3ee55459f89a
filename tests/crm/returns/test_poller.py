"""Polls for changed deals."""

import pytest

from calltrackd.crm.returns.poller import OVERLAP_S, Poller
from calltrackd.crm.trouble import Failing
from calltrackd.store import deals, watermarks
from calltrackd.store.deals import DealFilter
from tests.crm.returns.house import NOW, FakeCrm, House, deal
from tests.store.build import read


@pytest.fixture
def poller(house: House, crm: FakeCrm) -> Poller:
    """Of the target `crm`."""
    return Poller(house.origin, crm, house.store, house.keep, house.clock)


async def kept(house: House) -> list[str]:
    """Ids of the deals that are known."""
    found = await read(house.store, deals.list_deals, DealFilter())
    return sorted(one.id for one in found)


async def test_first_poll_looks_back_over_the_window(house: House, crm: FakeCrm, poller: Poller):
    """A deal older than that can't belong to a call by number any more."""
    crm.have(deal("1", changed_at=NOW - house.origin.window_s + 5))
    crm.have(deal("2", changed_at=NOW - house.origin.window_s - 5))
    await poller.once()
    assert await kept(house) == ["1"]
    assert poller.polled_at == NOW


async def test_next_poll_begins_before_the_latest_change(
    house: House, crm: FakeCrm, poller: Poller
):
    """By the CRM's clock, with an overlap."""
    crm.have(deal("1", changed_at=NOW - 1000))
    await poller.once()
    await poller.once()
    assert crm.since[1] == NOW - 1000 - OVERLAP_S
    assert await read(house.store, watermarks.get, "crm") == NOW - 1000


async def test_change_within_the_overlap_is_found(house: House, crm: FakeCrm, poller: Poller):
    """An index that lags shows a deal after a later one was polled."""
    crm.have(deal("1", changed_at=NOW - 100))
    await poller.once()
    crm.have(deal("2", changed_at=NOW - 200))
    await poller.once()
    assert await kept(house) == ["1", "2"]
    assert len(house.committed) == 0


async def test_poll_that_breaks_off_goes_on_from_the_last_page(
    house: House, crm: FakeCrm, poller: Poller
):
    """What was committed is not lost, and the watermark is behind it."""
    for n in range(6):
        crm.have(deal(f"{n}", changed_at=NOW - 5000 + 1000 * n))
    crm.bad["4"] = Failing("500")
    with pytest.raises(Failing):
        await poller.once()
    assert await kept(house) == ["0", "1", "2", "3"]
    assert poller.polled_at is None
    crm.bad.clear()
    await poller.once()
    assert crm.since[1] == NOW - 2000 - OVERLAP_S
    assert await kept(house) == ["0", "1", "2", "3", "4", "5"]


async def test_clock_of_the_crm_ahead_of_ours_loses_nothing(
    house: House, crm: FakeCrm, poller: Poller
):
    """A change of the future does not move the watermark beyond now."""
    crm.have(deal("1", changed_at=NOW + 10**8))
    await poller.once()
    assert await read(house.store, watermarks.get, "crm") == NOW


async def test_deal_that_cannot_be_kept_holds_up_no_other(
    house: House, crm: FakeCrm, poller: Poller
):
    """It is told in the log; the poll goes on behind it."""
    crm.page = 5
    for n in range(3):
        crm.have(deal(f"{n}", changed_at=NOW - 50 + n))
    house.unusable = {"1"}
    await poller.once()
    assert await kept(house) == ["0", "2"]
    assert await read(house.store, watermarks.get, "crm") == NOW - 48
