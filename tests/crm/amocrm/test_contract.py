"""What every connector must hold, held by amoCRM's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from calltrackd.crm.amocrm import connector
from calltrackd.settings.crm import AmocrmTarget
from tests.crm.contract import ConnectorContract
from tests.crm.house import House, a_house, target_for
from tests.fakes.amocrm import AmocrmFake
from tests.fakes.crm_base import CrmFake

SPEED = 20.0
"""Seven requests a second are one in 7 ms of a test: no faster, or the machine blurs them."""


class TestAmocrm(ConnectorContract):
    """A call of an unknown client: contact, lead, and the call's note at the lead."""

    fake_type = AmocrmFake
    build = staticmethod(connector.build)
    expected = {"contacts": 1, "leads": 1, "notes": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"contacts", "leads"})

    def settings(self, fake: CrmFake) -> AmocrmTarget:
        """A long-lived token, the operators of the house."""
        return AmocrmTarget.model_validate(
            {
                "kind": "amocrm",
                "name": "amo",
                "url": fake.url,
                "secret": self.secret,
                "users": {"101": "11", "102": "12"},
                "allow_private": True,
                "timeout_s": 0.4,
            }
        )

    @asynccontextmanager
    async def house(self, fake: CrmFake, folder: Path) -> AsyncIterator[House]:
        """As in the base, slower."""
        target = target_for(self.settings(fake))
        async with a_house(folder, target, connector.build, speed=SPEED) as house:
            fake.use_clock(house.clock.now)
            yield house
