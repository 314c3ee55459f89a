"""A HubSpot, settings that reach it, and the connector in its house."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from calltrackd.crm.hubspot import connector
from calltrackd.settings.crm import HubspotTarget
from tests.crm.house import House, a_house, target_for
from tests.fakes.hubspot import HubspotFake

SPEED = 20.0
"""Four searches a second are one in 12 ms of a test: no faster, or the machine blurs them."""
Housing = Callable[..., AbstractAsyncContextManager[House]]


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
        "searches_per_s": 2.5,
    }
    return HubspotTarget.model_validate({**plain, **given})


@pytest.fixture
async def crm() -> AsyncIterator[HubspotFake]:
    """HubSpot, running."""
    async with HubspotFake() as fake:
        assert isinstance(fake, HubspotFake)
        yield fake


@pytest.fixture
def housed(crm: HubspotFake, tmp_path: Path) -> Housing:
    """A house with settings of its own: `async with housed(utm=False) as house`."""

    @asynccontextmanager
    async def enter(**given: Any) -> AsyncIterator[House]:
        target = target_for(settings_for(crm, **given))
        async with a_house(tmp_path, target, connector.build, speed=SPEED) as house:
            crm.use_clock(house.clock.now)
            yield house

    return enter
