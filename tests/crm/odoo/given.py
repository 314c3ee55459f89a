"""Settings and houses for the tests of the Odoo connector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from calltrackd.crm.odoo import connector
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.settings.crm import OdooTarget
from tests.crm.house import House, a_house, target_for
from tests.fakes.odoo import OdooFake

SPEED = 50.0


def settings(fake: OdooFake, **given: Any) -> OdooTarget:
    """Settings that reach the fake; Olga (6) has extension 101."""
    return OdooTarget.model_validate(
        {
            "kind": "odoo",
            "name": "odoo",
            "url": fake.url,
            "database": fake.database,
            "secret": fake.key,
            "users": {"101": "6"},
            "allow_private": True,
            "timeout_s": 0.4,
            "limit_time_s": 5.0,
            **given,
        }
    )


@asynccontextmanager
async def odoo_house(
    fake: OdooFake, folder: Path, lent: dict[str, Any] | None = None, **given: Any
) -> AsyncIterator[House]:
    """A house that tells the fake; the fake's time is the house's. `lent`: further tools."""

    def build(target: CrmTarget, tools: Tools) -> connector.Odoo:
        return connector.build(target, replace(tools, **(lent or {})))

    target = target_for(settings(fake, **given))
    async with a_house(folder, target, build, speed=SPEED) as house:
        fake.use_clock(house.clock.now)
        yield house
