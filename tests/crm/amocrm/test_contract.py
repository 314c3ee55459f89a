"""What every connector must hold, held by amoCRM's."""

from calltrackd.crm.amocrm import connector
from calltrackd.settings.crm import AmocrmTarget
from tests.crm.contract import ConnectorContract
from tests.fakes.amocrm import AmocrmFake
from tests.fakes.crm_base import CrmFake


class TestAmocrm(ConnectorContract):
    """A call of an unknown client: contact, lead, and the call's note at the lead."""

    fake_type = AmocrmFake
    build = staticmethod(connector.build)
    expected = {"contacts": 1, "leads": 1, "notes": 1}  # noqa: RUF012 - a ClassVar of the base
    of_client = frozenset({"contacts", "leads"})
    speed = 20.0
    chaos_speed = 40.0

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
