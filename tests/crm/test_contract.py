"""The contract suite over the smallest connector: what it finds there, it finds everywhere."""

from tests.crm.contract import ConnectorContract
from tests.crm.notebook import Notebook, NotebookFake, NotebookTarget
from tests.fakes.crm_base import CrmFake


class TestNotebook(ConnectorContract):
    """The Notebook holds all of it."""

    fake_type = NotebookFake
    build = Notebook
    expected = {"contacts": 1, "leads": 1, "calls": 1}  # noqa: RUF012 - a ClassVar of the base

    chaos_speed = 300.0

    def in_order(self, fake: CrmFake) -> None:
        """A call's lead before its entry."""
        leads = {lead["marker"]: lead["id"] for lead in fake.kept["leads"]}
        assert all(leads[call["uid"]] < call["id"] for call in fake.kept["calls"])

    def settings(self, fake: CrmFake) -> NotebookTarget:
        """Settings that reach the fake."""
        given = {"name": "crm", "url": fake.url, "secret": self.secret, "allow_private": True}
        return NotebookTarget.model_validate({**given, "timeout_s": 0.4})
