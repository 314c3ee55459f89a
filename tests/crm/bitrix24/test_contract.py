"""The contract suite, once an application and once a webhook."""

from typing import ClassVar

from calltrackd.crm.bitrix24 import connector
from calltrackd.settings.crm.bitrix24 import Bitrix24Target
from tests.crm.bitrix24.stage import app, webhook
from tests.crm.contract import ConnectorContract
from tests.fakes.bitrix24 import Bitrix24Fake
from tests.fakes.crm_base import CrmFake


class TestApp(ConnectorContract):
    """Card, lead, statistics, activity."""

    fake_type = Bitrix24Fake
    build = staticmethod(connector.build)
    expected: ClassVar[dict[str, int]] = {"lead": 1, "statistic": 1, "activity": 1, "lines": 1}
    of_client = frozenset({"lead"})

    def settings(self, fake: CrmFake) -> Bitrix24Target:
        """Settings that reach the fake."""
        return app(fake)

    def times(self, calls: int, clients: int = 1) -> dict[str, int]:
        """All calls come on one line."""
        return {**super().times(calls, clients), "lines": 1}


class TestWebhook(ConnectorContract):
    """Lead and activity."""

    fake_type = Bitrix24Fake
    build = staticmethod(connector.build)
    expected: ClassVar[dict[str, int]] = {"lead": 1, "activity": 1}
    of_client = frozenset({"lead"})

    def settings(self, fake: CrmFake) -> Bitrix24Target:
        """Settings that reach the fake."""
        return webhook(fake)
