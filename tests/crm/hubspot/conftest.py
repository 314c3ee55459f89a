"""A HubSpot, settings that reach it, and the connector alone or in its house."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from calltrackd.crm.books import Books
from calltrackd.crm.hubspot import connector
from calltrackd.crm.hubspot.connector import Hubspot
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.settings.crm import HubspotTarget
from calltrackd.store.engine import Store
from tests.crm.house import House, QuickClock, a_house, target_for
from tests.fakes.hubspot import HubspotFake

SPEED = 20.0
"""Five searches a second are one in 10 ms of a test: no faster, or the machine blurs them."""
Housing = Callable[..., AbstractAsyncContextManager[House]]
Alone = Callable[..., AbstractAsyncContextManager[Hubspot]]


class Links:
    """Every recording has a link, another one each time."""

    def __init__(self) -> None:
        self.made = 0

    def link(self, call_id: str, path: str) -> str | None:
        self.made += 1
        return f"https://calls.example/{call_id}/{path}?sig={self.made}"


def settings_for(fake: HubspotFake, **given: Any) -> HubspotTarget:
    """A private app's token, the operators of the house."""
    plain = {
        "kind": "hubspot",
        "name": "hub",
        "url": fake.url,
        "secret": "s3cr3t-token",
        "users": {"101": "11", "102": "12"},
        "allow_private": True,
        "timeout_s": 0.4,
        "requests_per_10s": 190,
        "searches_per_s": 2.0,
    }
    return HubspotTarget.model_validate({**plain, **given})


def build_with_links(target: CrmTarget, tools: Tools) -> Hubspot:
    """The connector where recordings have addresses."""
    return connector.build(target, replace(tools, recordings=Links()))


@pytest.fixture
async def crm() -> AsyncIterator[HubspotFake]:
    """HubSpot, running."""
    async with HubspotFake() as fake:
        assert isinstance(fake, HubspotFake)
        yield fake


@pytest.fixture
def housed(crm: HubspotFake, tmp_path: Path) -> Housing:
    """Enters a house; its settings come as keywords."""

    @asynccontextmanager
    async def enter(**given: Any) -> AsyncIterator[House]:
        target = target_for(settings_for(crm, **given))
        async with a_house(tmp_path, target, build_with_links, speed=SPEED) as house:
            crm.use_clock(house.clock.now)
            yield house

    return enter


@pytest.fixture
def alone(crm: HubspotFake, tmp_path: Path) -> Alone:
    """Enters a connector over books of its own; its settings come as keywords."""

    @asynccontextmanager
    async def enter(**given: Any) -> AsyncIterator[Hubspot]:
        target = target_for(settings_for(crm, **given))
        store = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
        clock = QuickClock(SPEED)
        crm.use_clock(clock.now)
        tools = Tools(books=Books(store, "hub", clock.now), clock=clock)
        hub = connector.build(target, tools)
        try:
            yield hub
        finally:
            await hub.close()
            await store.close()

    return enter
