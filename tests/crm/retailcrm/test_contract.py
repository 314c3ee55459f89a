"""The contract of all connectors, held by RetailCRM's."""

from calltrackd.crm.retailcrm import connector
from calltrackd.settings.crm.retailcrm import RetailcrmTarget
from tests.crm.contract import ConnectorContract
from tests.crm.retailcrm import given
from tests.fakes.crm_base import CrmFake
from tests.fakes.retailcrm import RetailcrmFake


class TestRetailcrm(ConnectorContract):
    """RetailCRM holds all of it."""

    fake_type = RetailcrmFake
    build = staticmethod(connector.build)
    expected = {"orders": 1, "customers": 1, "calls": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"orders", "customers"})

    def settings(self, fake: CrmFake) -> RetailcrmTarget:
        """Settings that reach the fake."""
        assert isinstance(fake, RetailcrmFake)
        return given.settings(fake)
