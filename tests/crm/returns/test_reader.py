"""What the inbox's reader makes of webhooks."""

import asyncio

import pytest

from calltrackd.crm.returns.reader import GIVE_UP_S, IDLE_S, Reader
from calltrackd.crm.trouble import Failing, Limited, Permanent
from calltrackd.store import deals, inbox
from calltrackd.store.deals import DealFilter
from calltrackd.store.errors import StoreDown
from tests.crm.returns.house import NOW, FakeCrm, House, deal
from tests.store.build import read, write


@pytest.fixture
def reader(house: House) -> Reader:
    """Of the target `crm`."""
    return Reader(house.origin, house.store, house.keep, house.clock)


async def post(house: House, body: str) -> None:
    """A stored webhook."""
    put = inbox.put, "crm", "text/plain", body.encode(), house.clock()
    await write(house.store, *put, room=1000)


async def kept(house: House) -> list[str]:
    """Ids of the deals that are known."""
    found = await read(house.store, deals.list_deals, DealFilter())
    return sorted(one.id for one in found)


async def left(house: House) -> inbox.Depth:
    """How the inbox stands."""
    return (await read(house.store, inbox.standing)).get("crm", inbox.Depth())


async def test_deal_of_a_webhook_is_read_and_kept(house: House, crm: FakeCrm, reader: Reader):
    """As the CRM has it now, whatever the webhook said."""
    crm.have(deal("9", stage="WON", won=True))
    await post(house, "9")
    assert await reader.once() == 0.0
    (one,) = await read(house.store, deals.list_deals, DealFilter())
    assert (one.id, one.status, one.seen_by) == ("9", "won", "webhook")
    assert await left(house) == inbox.Depth()
    assert await reader.once() == IDLE_S


async def test_flood_of_one_deal_is_one_question(house: House, crm: FakeCrm, reader: Reader):
    """A hundred webhooks of it, each with other words."""
    crm.have(deal("9"))
    for n in range(100):
        await post(house, f"9{',9' * n}")
    await reader.once()
    assert crm.asked == ["9"]
    assert await left(house) == inbox.Depth()


async def test_webhooks_in_the_wrong_order_end_at_the_truth(
    house: House, crm: FakeCrm, reader: Reader
):
    """What counts is the answer to our question."""
    crm.have(deal("9", stage="LOST", won=False))
    await post(house, "9,9")
    await reader.once()
    await post(house, "9")
    await reader.once()
    kept_deal = await read(house.store, deals.get, "9")
    assert kept_deal.status == "lost"
    assert len(await read(house.store, deals.history, kept_deal)) == 1


async def test_gone_deal_settles_its_webhook(house: House, reader: Reader):
    """Deleted in the CRM meanwhile."""
    await post(house, "9")
    await reader.once()
    assert (await kept(house), await left(house)) == ([], inbox.Depth())


async def test_failing_crm_makes_webhooks_wait(house: House, crm: FakeCrm, reader: Reader):
    """As long as it asks for; nothing is lost meanwhile."""
    crm.have(deal("9"))
    crm.trouble = Limited("too fast", after=40.0)
    await post(house, "9")
    await reader.once()
    assert (await left(house)).waiting == 1
    assert await read(house.store, inbox.next_at, "crm") == NOW + 40
    crm.trouble = None
    assert await reader.once() == IDLE_S
    house.clock.now += 41
    await reader.once()
    assert (await kept(house), await left(house)) == (["9"], inbox.Depth())


async def test_unreadable_body_is_set_aside_and_harms_no_other(
    house: House, crm: FakeCrm, reader: Reader
):
    """It is kept with its reason."""
    crm.have(deal("9"))
    await post(house, "?")
    await post(house, "9")
    await reader.once()
    assert (await kept(house), (await left(house)).aside) == (["9"], 1)


async def test_deal_that_cannot_be_read_sets_aside_its_webhook_alone(
    house: House, crm: FakeCrm, reader: Reader
):
    """Others of the same transaction are kept."""
    crm.have(deal("9"))
    crm.bad["7"] = Permanent("no such field")
    await post(house, "7")
    await post(house, "9")
    await reader.once()
    assert (await kept(house), await left(house)) == (["9"], inbox.Depth(0, 1))


async def test_deal_that_cannot_be_kept_sets_aside_its_webhook_alone(
    house: House, crm: FakeCrm, reader: Reader
):
    """A fault of ours with one deal holds up no other."""
    crm.have(deal("7"))
    crm.have(deal("9"))
    house.unusable = {"7"}
    await post(house, "7")
    await post(house, "9")
    await reader.once()
    assert (await kept(house), await left(house)) == (["9"], inbox.Depth(0, 1))


async def test_webhook_that_failed_for_days_is_set_aside(
    house: House, crm: FakeCrm, reader: Reader
):
    """The polls have seen its deal long since."""
    crm.trouble = Failing("500")
    await post(house, "9")
    house.clock.now += GIVE_UP_S + 1
    await reader.once()
    assert await left(house) == inbox.Depth(0, 1)


async def test_target_without_reading_sets_aside(house: House, crm: FakeCrm):
    """A connector that takes webhooks and can't read deals says so in the row."""
    from msgspec.structs import replace

    reader = Reader(replace(house.origin, deals=None), house.store, house.keep, house.clock)
    await post(house, "9")
    await reader.once()
    assert (await left(house)).aside == 1


async def test_store_away_is_waited_for(house: House, crm: FakeCrm, reader: Reader, monkeypatch):
    """The rows are still there, and worked on as soon as it is back."""
    crm.have(deal("9"))
    await post(house, "9")
    monkeypatch.setattr("calltrackd.crm.returns.reader.RETRY_S", 0.001)
    keep, failures = house.keep, [StoreDown("gone")]
    done = asyncio.Event()

    async def flaky(*given):
        if failures:
            raise failures.pop()
        await keep(*given)
        done.set()

    reader = Reader(house.origin, house.store, flaky, house.clock)
    task = asyncio.create_task(reader.run())
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await kept(house) == ["9"]


async def test_wake_ends_the_pause(house: House, crm: FakeCrm, reader: Reader):
    """A webhook is worked on as it comes, not half a minute later."""
    crm.have(deal("9"))
    task = asyncio.create_task(reader.run())
    await post(house, "9")
    reader.wake()
    async with asyncio.timeout(5):
        while not await kept(house):  # noqa: ASYNC110 - the truth is the store
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
