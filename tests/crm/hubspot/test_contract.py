"""What every connector must hold, held by HubSpot's."""

from calltrackd.crm.hubspot import connector
from calltrackd.settings.crm import HubspotTarget
from tests.crm.contract import ConnectorContract
from tests.crm.hubspot.conftest import SPEED, settings_for
from tests.fakes.crm_base import CrmFake
from tests.fakes.hubspot import HubspotFake


class TestHubspot(ConnectorContract):
    """A call of an unknown client: contact, deal, and the call's entry."""

    fake_type = HubspotFake
    build = staticmethod(connector.build)
    expected = {"contacts": 1, "deals": 1, "calls": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"contacts", "deals"})
    speed = SPEED
    chaos_speed = 30.0

    def settings(self, fake: CrmFake) -> HubspotTarget:
        assert isinstance(fake, HubspotFake)
        return settings_for(fake)

    def in_order(self, fake: CrmFake) -> None:
        """A deal was there before its call's entry was, and the entry stands by it."""
        assert isinstance(fake, HubspotFake)
        entries = {one["properties"]["calltrackd_call"]: one for one in fake.kept["calls"]}
        for deal in fake.kept["deals"]:
            entry = entries[deal["properties"]["calltrackd_call"]]
            assert int(deal["id"]) < int(entry["id"])
            assert deal["id"] in fake.linked("calls", entry["id"], "deals")
        assert all(fake.linked("calls", one["id"], "contacts") for one in fake.kept["calls"])
