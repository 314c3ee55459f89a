"""The contract of all connectors, held by EspoCRM's."""

from calltrackd.crm.espocrm import connector
from calltrackd.settings.crm.espocrm import EspocrmTarget
from tests.crm.contract import ConnectorContract
from tests.crm.espocrm import given
from tests.fakes.crm_base import CrmFake
from tests.fakes.espocrm import EspocrmFake


class TestEspocrm(ConnectorContract):
    """EspoCRM holds all of it."""

    fake_type = EspocrmFake
    build = staticmethod(connector.build)
    expected = {"Lead": 1, "Call": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"Lead"})

    def settings(self, fake: CrmFake) -> EspocrmTarget:
        """Settings that reach the fake."""
        assert isinstance(fake, EspocrmFake)
        return given.settings(fake)
