"""Orders as deals, checks and users."""

from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.finding import Finding
from calltrackd.crm.returns.ports import Deals, Inbox
from calltrackd.model.deal import Deal
from tests.crm.retailcrm.given import built, settings
from tests.fakes.retailcrm import RetailcrmFake

NOON = 1795424400.0
"""2026-11-23 09:00 UTC, 12:00 in Moscow."""


async def changed(fake: RetailcrmFake, folder: Path, since: float = NOON) -> list[Deal]:
    """All pages of a poll."""
    async with built(fake, folder) as one:
        return [deal async for page in one.changed_deals(since) for deal in page]


async def test_an_order_with_all_that_joins_it(tmp_path: Path) -> None:
    """Our call's id, the customer, the number, the sum; moments of the account's own time."""
    async with RetailcrmFake() as fake:
        fake.order(
            "2026-11-23 12:00:05", id=5, status="sold", externalId="c1", phone="89161234567",
            totalSumm=1395.16, customer={"id": 7}, managerId=6,
            statusUpdatedAt="2026-11-23 12:00:04",
        )  # fmt: skip
        (found,) = await changed(fake, tmp_path)
        assert (found.id, found.stage, found.won) == ("5", "sold", True)
        assert (found.amount, found.currency) == ("1395.16", "RUB")
        assert (found.calls, found.contacts, found.phones) == (["c1"], ["7"], ["+79161234567"])
        assert (found.changed_at, found.closed_at) == (NOON + 5, NOON + 4)
        assert found.url == f"{fake.url}/orders/5/edit"


async def test_a_long_history_is_read_to_its_end(tmp_path: Path) -> None:
    """From the moment on, then by id: an order that changed often is told with its last change."""
    async with RetailcrmFake() as fake:
        fake.order("2026-11-23 11:59:59")
        rows = [fake.order(f"2026-11-23 12:{n // 60:02}:{n % 60:02}") for n in range(230)]
        fake.changed(rows[0], "2026-11-23 13:00:00")
        found = await changed(fake, tmp_path)
        assert {deal.id for deal in found} == {str(row["id"]) for row in rows}
        last = {deal.id: deal.changed_at for deal in found}
        assert last[str(rows[0]["id"])] == NOON + 3600


async def test_orders_that_are_gone_are_left_out(tmp_path: Path) -> None:
    """The history still names them."""
    async with RetailcrmFake() as fake:
        fake.order("2026-11-23 12:00:05")
        fake.kept["orders"].clear()
        assert await changed(fake, tmp_path) == []


@pytest.mark.parametrize(("status", "won"), [("no-call", False), ("new", None), ("gone", None)])
async def test_statuses_by_their_group(tmp_path: Path, status: str, won: bool | None) -> None:
    """Cancelled is lost; a status that was removed meanwhile is in progress."""
    async with RetailcrmFake() as fake, built(fake, tmp_path) as one:
        fake.order(id=5, status=status)
        assert isinstance(one, Deals)
        assert not isinstance(one, Inbox)
        found = await one.read_deal("5")
        assert found is not None
        assert found.won is won
        assert await one.read_deal("6") is None
        assert await one.read_deal("x") is None
        assert await one.read_deal("5", "lead") is None


async def checked(fake: RetailcrmFake, folder: Path, **given: Any) -> dict[str, Finding]:
    """What is not as it should be, by what was looked at."""
    async with built(fake, folder, **given) as one:
        found = await one.check()
    return {one.check: one for one in found if one.severity in {"error", "warning"}}


async def test_all_is_fine(tmp_path: Path) -> None:
    """Nothing to mend, and nothing is written."""
    async with RetailcrmFake() as fake:
        assert await checked(fake, tmp_path, fallback_user="6") == {}
        assert {hit.verb for hit in fake.hits} == {"GET"}


async def test_refused_key(tmp_path: Path) -> None:
    """A 403 here; one finding with the way to mend it, and without the key."""
    async with RetailcrmFake() as fake:
        (only,) = (await checked(fake, tmp_path, secret="wr0ng-key-of-others")).values()
        assert (only.check, only.severity) == ("credentials", "error")
        assert "API keys" in only.mend
        assert "wr0ng" not in only.what


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Shop, user for tasks, status: each with its mend."""
    async with RetailcrmFake() as fake:
        fake.sites = ["main", "other"]
        found = await checked(fake, tmp_path, deals={"won": ["paid"]})
        assert found.keys() == {"site", "users", "stages"}
        assert "paid" in found["stages"].what
        assert all(one.mend for one in found.values())


async def test_users_are_listed_beyond_a_page(tmp_path: Path) -> None:
    """A hundred a page."""
    async with RetailcrmFake() as fake, built(fake, tmp_path) as one:
        fake.users += [
            {"id": n, "email": f"{n}@x.example", "active": False} for n in range(10, 160)
        ]
        found = await one.users()
        assert len({user.id for user in found}) == 151
        assert (found[0].name, found[1].name, found[1].active) == ("Olga", "10@x.example", False)


def test_a_time_zone_that_there_is_not() -> None:
    """It would shift every call."""
    with pytest.raises(ValueError, match="no such time zone"):
        settings(RetailcrmFake(), time_zone="Moscow")
