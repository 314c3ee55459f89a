"""Settings and houses for the tests of the RetailCRM connector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from calltrackd.crm.books import Books
from calltrackd.crm.clock import WallClock
from calltrackd.crm.retailcrm import connector
from calltrackd.crm.tools import Tools
from calltrackd.settings.crm.retailcrm import RetailcrmTarget
from calltrackd.store.engine import Store
from tests.crm.house import House, a_house, target_for
from tests.fakes.retailcrm import RetailcrmFake

SPEED = 50.0


def settings(fake: RetailcrmFake, **given: Any) -> RetailcrmTarget:
    """Settings that reach the fake; Olga (6) has extension 101."""
    return RetailcrmTarget.model_validate(
        {
            "kind": "retailcrm",
            "name": "shop",
            "url": fake.url,
            "secret": fake.key,
            "users": {"101": "6"},
            "allow_private": True,
            "timeout_s": 0.4,
            **given,
        }
    )


@asynccontextmanager
async def shop_house(fake: RetailcrmFake, folder: Path, **given: Any) -> AsyncIterator[House]:
    """A house that tells the fake; the fake's time is the house's."""
    target = target_for(settings(fake, **given))
    async with a_house(folder, target, connector.build, speed=SPEED) as house:
        fake.use_clock(house.clock.now)
        yield house


@asynccontextmanager
async def built(
    fake: RetailcrmFake, folder: Path, **given: Any
) -> AsyncIterator[connector.Retailcrm]:
    """A connector without a dispatcher."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    tools = Tools(books=Books(store, "shop"), clock=WallClock())
    one = connector.build(target_for(settings(fake, **{"timeout_s": 10.0, **given})), tools)
    try:
        yield one
    finally:
        await one.close()
        await store.close()
