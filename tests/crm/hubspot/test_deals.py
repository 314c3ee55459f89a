"""Deals coming back."""

from itertools import pairwise

import pytest

from calltrackd.model.deal import Deal
from tests.crm.hubspot.conftest import Alone
from tests.fakes.hubspot import HubspotFake, iso

START = 1_795_000_000.0


def given(crm: HubspotFake, count: int, apart_s: float = 60.0) -> list[str]:
    """Deals that changed one after the other."""
    return [
        crm.add(
            "deals", dealname=f"d{n}", dealstage="new", hs_lastmodifieddate=iso(START + apart_s * n)
        )
        for n in range(count)
    ]


async def changed(alone: Alone, since: float) -> list[list[Deal]]:
    """All pages."""
    async with alone() as hub:
        return [page async for page in hub.changed_deals(since)]


async def test_changed_deals_come_oldest_first_over_many_pages(
    crm: HubspotFake, alone: Alone
) -> None:
    """Each once, none from before."""
    crm.a_page = 7
    ids = given(crm, 40)
    pages = await changed(alone, START + 60.0 * 5)
    deals = [deal for page in pages for deal in page]
    assert [deal.id for deal in deals] == ids[5:]
    assert all(one.changed_at <= other.changed_at for one, other in pairwise(deals))
    assert max(map(len, pages)) <= 7


async def test_a_page_of_one_moment_is_passed(crm: HubspotFake, alone: Alone) -> None:
    """An import changes thousands of deals in one millisecond."""
    crm.a_page = 5
    ids = given(crm, 23, apart_s=0.0)
    deals = [deal for page in await changed(alone, START) for deal in page]
    assert sorted(deal.id for deal in deals) == sorted(ids)


async def test_a_deal_that_changes_while_the_list_is_read_pushes_none_out(
    crm: HubspotFake, alone: Alone
) -> None:
    """It comes twice, the others once."""
    crm.a_page = 4
    ids = given(crm, 12)
    seen: list[str] = []
    async with alone() as hub:
        async for page in hub.changed_deals(START):
            seen += [deal.id for deal in page]
            if len(seen) == 4:
                crm.touch(ids[0], START + 6000)
    assert sorted(seen, key=int) == sorted([*ids, ids[0]], key=int)
    assert seen[-1] == ids[0]


async def test_nothing_changed(alone: Alone) -> None:
    """No page at all."""
    assert await changed(alone, START) == []


@pytest.mark.parametrize(
    ("closed", "won", "said"),
    [("true", "true", True), ("true", "false", False), ("false", "false", None)],
)
async def test_won_is_hubspots_own_word(
    crm: HubspotFake, alone: Alone, closed: str, won: str, *, said: bool | None
) -> None:
    """A deal in progress has a day on which it is to be closed: that is no end."""
    deal = crm.add(
        "deals", dealstage="x", hs_is_closed=closed, hs_is_closed_won=won,
        closedate="2026-12-01T00:00:00Z", amount="12500.50", deal_currency_code="EUR",
    )  # fmt: skip
    async with alone() as hub:
        read = await hub.read_deal(deal)
    assert read is not None
    assert read.won is said
    assert (read.closed_at is None) is (said is None)
    assert (read.amount, read.currency) == ("12500.5", "EUR")


async def test_a_deal_knows_its_people_numbers_and_call(crm: HubspotFake, alone: Alone) -> None:
    """Contacts over several pages, the account's money where the deal has none of its own."""
    crm.a_page = 1
    deal = crm.add("deals", dealname="Stove", dealstage="new", calltrackd_call="call-1")
    people = [
        crm.add("contacts", phone="8 (916) 123-45-67"),
        crm.add("contacts", phone="+442071838750", mobilephone="9161234567"),
    ]
    company = crm.add("companies", name="Romashka")
    for one in people:
        crm.link("deals", deal, "contacts", one)
    crm.link("deals", deal, "companies", company)
    async with alone() as hub:
        read = await hub.read_deal(deal)
    assert read is not None
    assert read.contacts == [*people, company]
    assert read.phones == ["+79161234567", "+442071838750"]
    assert (read.calls, read.currency, read.title) == (["call-1"], "RUB", "Stove")
    assert read.url == f"https://app.hubspot.com/contacts/4242/record/0-3/{deal}"


async def test_a_deleted_deal_is_gone(alone: Alone) -> None:
    """A 207 without it is an answer."""
    async with alone() as hub:
        assert await hub.read_deal("404") is None


async def test_without_the_right_to_see_the_account_deals_come_all_the_same(
    crm: HubspotFake, alone: Alone
) -> None:
    """They have no address and no currency then."""
    deal = crm.add("deals", dealstage="new")
    crm.shows_account = False
    async with alone() as hub:
        read = await hub.read_deal(deal)
    assert read is not None
    assert (read.url, read.currency) == (None, None)
