"""Deals and leads as they come back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.bitrix24.connector import Bitrix24, build
from calltrackd.crm.books import Books
from calltrackd.crm.returns.ports import Deals, Inbox, Lookup
from calltrackd.crm.tools import Tools
from calltrackd.store.engine import Store
from tests.crm.bitrix24.stage import webhook
from tests.crm.house import CLIENT, QuickClock, target_for
from tests.fakes.bitrix24 import Bitrix24Fake
from tests.fakes.bitrix24_crm import iso

BEGAN = 1_795_423_338.0


@pytest.fixture
async def fake() -> AsyncIterator[Bitrix24Fake]:
    """A portal."""
    async with Bitrix24Fake() as portal:
        yield portal


@pytest.fixture
async def connector(fake: Bitrix24Fake, tmp_path: Path) -> AsyncIterator[Bitrix24]:
    """A connector of it."""
    store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    clock = QuickClock(50.0)
    fake.use_clock(clock.now)
    tools = Tools(books=Books(store, "crm", clock.now), clock=clock)
    running = build(target_for(webhook(fake)), tools)
    yield running
    await running.close()
    await store.close()


def a_deal(fake: Bitrix24Fake, at: float, kind: str = "deal", **fields: Any) -> dict[str, Any]:
    """A deal that changed then."""
    times = {"createdTime": iso(BEGAN), "updatedTime": iso(at)}
    return fake.keep(kind, **{"stageId": "NEW", "stageSemanticId": "P", **times, **fields})


async def changed(connector: Bitrix24, since: float = BEGAN) -> list[tuple[str, str, float]]:
    """Kind, id and moment of all that changed."""
    pages = [page async for page in connector.changed_deals(since)]
    return [(deal.kind, deal.id, deal.changed_at) for page in pages for deal in page]


async def test_all_that_changed_comes_in_order(fake: Bitrix24Fake, connector: Bitrix24) -> None:
    """More than a page of both kinds, many in one second; each once, the oldest first."""
    for n in range(130):
        a_deal(fake, BEGAN + n // 60)
        a_deal(fake, BEGAN + n, kind="lead")
    a_deal(fake, BEGAN - 1)
    found = await changed(connector)
    assert len(found) == len(set(found)) == 260
    moments = [at for _, _, at in found]
    assert moments == sorted(moments)


async def test_what_changes_while_it_is_read_hides_nothing(
    fake: Bitrix24Fake, connector: Bitrix24
) -> None:
    """Pages by number would lose fifty deals here."""
    deals = [a_deal(fake, BEGAN + n) for n in range(120)]
    seen: set[str] = set()
    async for page in connector.changed_deals(BEGAN):
        seen |= {deal.id for deal in page}
        for one in deals[:50]:
            one["updatedTime"] = iso(BEGAN + 500)
    assert seen == {str(one["id"]) for one in deals}


async def test_a_deal_is_told_whole(fake: Bitrix24Fake, connector: Bitrix24) -> None:
    """Money exactly, people with their numbers, the call that it was made for."""
    contact = fake.keep("contact", fm=[{"typeId": "PHONE", "value": "8 (916) 123-45-67"}])
    deal = a_deal(
        fake,
        BEGAN + 9,
        title="Roof",
        stageId="C4:WON",
        stageSemanticId="S",
        categoryId=4,
        opportunity=12500.5,
        currencyId="RUB",
        movedTime=iso(BEGAN + 8),
        contactIds=[contact["id"]],
        companyId=6,
        leadId=5,
        assignedById=7,
        originatorId="calltrackd",
        originId="c1",
    )
    found = await connector.read_deal(str(deal["id"]))
    assert found is not None
    assert (found.stage, found.pipeline, found.won) == ("C4:WON", "4", True)
    assert (found.amount, found.currency) == ("12500.5", "RUB")
    assert (found.closed_at, found.changed_at) == (BEGAN + 8, BEGAN + 9)
    assert (found.contacts, found.leads) == ([str(contact["id"]), "6"], ["5"])
    assert (found.phones, found.calls, found.responsible) == ([CLIENT], ["c1"], "7")
    assert found.url == f"{fake.url}/crm/deal/details/{deal['id']}/"


async def test_a_reopened_deal_is_open(fake: Bitrix24Fake, connector: Bitrix24) -> None:
    """Neither won nor closed; ids of others are none of our calls."""
    deal = a_deal(fake, BEGAN, movedTime=iso(BEGAN), originatorId="other", originId="c1")
    found = await connector.read_deal(str(deal["id"]))
    assert found is not None
    assert (found.won, found.closed_at, found.calls) == (None, None, [])


async def test_a_lead_has_its_own_numbers(fake: Bitrix24Fake, connector: Bitrix24) -> None:
    """Junk is lost."""
    fm = [{"typeId": "PHONE", "value": CLIENT}, {"typeId": "EMAIL", "value": "a@b.example"}]
    lead = a_deal(fake, BEGAN, kind="lead", fm=fm, stageId="JUNK", stageSemanticId="F")
    found = await connector.read_deal(str(lead["id"]), "lead")
    assert found is not None
    assert (found.phones, found.won, found.leads) == ([CLIENT], False, [])


async def test_events_twice_and_out_of_order_lead_to_what_is_now(
    fake: Bitrix24Fake, connector: Bitrix24
) -> None:
    """They bear an id and no state, so an old one tells the same as the newest."""
    deal = a_deal(fake, BEGAN, stageId="NEW")
    events = [
        f"event=ONCRMDEAL{word}&data[FIELDS][ID]={deal['id']}&ts={ts}".encode()
        for word, ts in (("UPDATE", 9), ("UPDATE", 9), ("ADD", 1))
    ]
    deal.update(stageId="WON", stageSemanticId="S", updatedTime=iso(BEGAN + 9))
    keys = [key for body in events for key in connector.told("", body).keys]
    assert keys == [("deal", str(deal["id"]))] * 3
    states = [await connector.read_deal(number, kind) for kind, number in keys]
    assert [(one.stage, one.won) for one in states if one] == [("WON", True)] * 3


async def test_a_deal_that_is_gone_is_none(connector: Bitrix24) -> None:
    """An event may come after the deletion."""
    assert await connector.read_deal("404") is None


def test_the_house_finds_all_ways_back(connector: Bitrix24) -> None:
    """Polls, webhooks and the manager, asked for by their protocols."""
    assert isinstance(connector, Deals)
    assert isinstance(connector, Inbox)
    assert isinstance(connector, Lookup)
