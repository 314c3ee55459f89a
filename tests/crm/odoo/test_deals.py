"""Deals of Odoo, read by the time of their change, and told by its webhook."""

from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.odoo.clients import unix
from calltrackd.crm.odoo.deals import PAGE
from calltrackd.crm.returns.ports import Deals, Inbox, Lookup, Posted, Told
from calltrackd.model.deal import Deal
from tests.crm.odoo.test_check import built
from tests.fakes.odoo import OdooFake

SECRET = "k7Jq2vN8"


async def pages(fake: OdooFake, folder: Path, since: float) -> list[list[Deal]]:
    """All that changed since then."""
    async with built(fake, folder, rate=1000.0) as one:
        return [page async for page in one.changed_deals(since)]


async def test_won_and_lost_are_read_with_what_they_are_worth(tmp_path: Path) -> None:
    """A lost one is archived, and found all the same."""
    async with OdooFake() as fake:
        ids = [fake.add("crm.lead", name=f"L{n}", phone=f"+7916000000{n}")["id"] for n in range(3)]
        fake.win(ids[0], 12500.5)
        fake.lose(ids[1])
        ((still, won, lost),) = await pages(fake, tmp_path, 0.0)
        assert (still.id, still.won, still.stage, still.closed_at) == (str(ids[2]), None, "1", None)
        assert (won.won, won.amount, won.currency, won.stage) == (True, "12500.5", "RUB", "4")
        assert (lost.won, lost.stage) == (False, "1")
        assert won.closed_at
        assert won.leads == [won.id]
        assert won.phones == ["+79160000000"]
        assert won.url == f"{fake.url}/odoo/crm/{won.id}"


async def test_pages_lose_nothing_within_one_second(tmp_path: Path) -> None:
    """More of one second than a page holds; each of them once, oldest change first."""
    async with OdooFake() as fake:
        early = fake.add("crm.lead", name="early")
        same = fake.second()
        for _ in range(2 * PAGE + 5):
            fake.add("crm.lead", write_date=same)
        fake.add("crm.lead", name="late")
        found = await pages(fake, tmp_path, unix(early["write_date"]))
        assert [len(page) for page in found] == [PAGE, PAGE, 7]
        deals = [deal for page in found for deal in page]
        assert len({deal.id for deal in deals}) == 2 * PAGE + 7
        assert (deals[0].title, deals[-1].title) == ("early", "late")


async def test_only_what_changed_since(tmp_path: Path) -> None:
    """The second itself counts."""
    async with OdooFake() as fake:
        fake.add("crm.lead")
        mark = fake.add("crm.lead")
        ((deal,),) = await pages(fake, tmp_path, unix(mark["write_date"]) + 0.7)
        assert deal.id == str(mark["id"])
        assert await pages(fake, tmp_path, unix(mark["write_date"]) + 1) == []


async def test_one_deal_is_read_by_its_id(tmp_path: Path) -> None:
    """None for what is gone, and for what is no id of Odoo's."""
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        lead = fake.add("crm.lead", name="one")["id"]
        fake.lose(lead)
        found = await one.read_deal(str(lead), "lead")
        assert found is not None
        assert (found.title, found.won) == ("one", False)
        assert await one.read_deal("99") is None
        assert await one.read_deal("1 or 1=1") is None


@pytest.mark.parametrize(
    ("path", "secret", "taken"),
    [(SECRET, SECRET, True), ("", SECRET, False), (SECRET + "x", SECRET, False), ("", "", False)],
)
async def test_only_the_secret_address_is_odoo(
    tmp_path: Path, path: str, secret: str, taken: bool
) -> None:
    """Without a secret nobody is."""
    posted = Posted(path, {}, {}, b"{}", 0.0)
    async with OdooFake() as fake, built(fake, tmp_path, deals={"secret": secret}) as one:
        assert one.verify(posted) is taken


async def test_webhook_names_the_lead(tmp_path: Path) -> None:
    """As Odoo 19 sent it; other models say nothing, and what is no such message is an error."""
    said = b'{"_action": "Tell(#235)", "_id": 1, "_model": "crm.lead", "id": 1, "stage_id": 4}'
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        assert one.told("application/json", said) == Told([("deal", "1")])
        assert one.told("", b'{"_id": 1, "_model": "res.partner"}') == Told()
        for wrong in (b"", b"[]", b'{"_id": "x", "_model": "crm.lead"}'):
            with pytest.raises(ValueError):  # noqa: PT011 - any of msgspec's
                one.told("application/json", wrong)


async def test_connector_offers_all_ways_back(tmp_path: Path) -> None:
    """Poll, webhook and whose client it is."""
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        checks: tuple[Any, ...] = (Deals, Inbox, Lookup)
        assert all(isinstance(one, port) for port in checks)


async def test_responsible_of_a_number(tmp_path: Path) -> None:
    """The manager of the open lead, else the contact's; nobody for a stranger."""
    async with OdooFake() as fake, built(fake, tmp_path) as one:
        contact = fake.add("res.partner", phone="8 916 123-45-67", user_id=[5, "calltrackd"])
        found = await one.responsible("+79161234567")
        assert found is not None
        assert found.id == "5"
        fake.add("crm.lead", partner_id=[contact["id"], "x"], user_id=[6, "Olga"])
        found = await one.responsible("+79161234567")
        assert found is not None
        assert (found.id, found.name, found.extension) == ("6", "Olga", "101")
        assert await one.responsible("+79160000000") is None
        assert await one.responsible("+712") is None
