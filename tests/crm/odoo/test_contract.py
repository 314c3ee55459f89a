"""The contract of all connectors, held by Odoo's."""

from calltrackd.crm.odoo import connector
from calltrackd.settings.crm import OdooTarget
from tests.crm.contract import ConnectorContract
from tests.crm.odoo import given
from tests.fakes.crm_base import CrmFake
from tests.fakes.odoo import OdooFake


class TestOdoo(ConnectorContract):
    """Odoo holds all of it."""

    fake_type = OdooFake
    build = staticmethod(connector.build)
    expected = {"crm.lead": 1, "mail.activity": 1, "mail.message": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"crm.lead"})

    def settings(self, fake: CrmFake) -> OdooTarget:
        """Settings that reach the fake."""
        assert isinstance(fake, OdooFake)
        return given.settings(fake)

    def counts(self, fake: CrmFake) -> dict[str, int]:
        """Cards stand in chats: they are shown when there is time, and are no entity."""
        cards = [one for one in fake.kept["mail.message"] if one["model"] == "discuss.channel"]
        found = super().counts(fake)
        return {**found, "mail.message": found["mail.message"] - len(cards)}
