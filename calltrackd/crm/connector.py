"""What a connector is: one CRM's ways, and nothing of queues, retries and memory.

A connector is the folder of its kind's name with `connector.build(target, tools)` in it.
"""

from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any, Protocol, cast

from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.deal import Deal


class Connector(Protocol):
    """Every method raises Trouble, and nothing else but for cancellation."""

    settles_s: float
    """Seconds from the start of a request until a query surely shows what became of it."""

    async def perform(self, event: Event, desk: Desk) -> None:
        """Bring the CRM to where this step of the call should have it.

        Cumulative: what an earlier step of the call should have done and did not, is done now.
        Each change goes through a move of the desk.
        """

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What a query shows of a `once` move whose end is not known.

        Its result; None: it certainly did not happen. `begun_at`: unix seconds.
        """

    async def responsible(self, phone: str) -> Person | None:
        """Whose client the number (E.164) is; None: nobody's, or not known."""

    async def check(self) -> list[Finding]:
        """Whether credentials, rights, users and fields are as they should be; changes nothing."""

    async def users(self) -> list[CrmUser]:
        """The CRM's users."""

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Deals changed since then (unix seconds), page by page, the oldest change first."""

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """A deal (or lead) as it is now; None: there is none of that id."""

    async def close(self) -> None:
        """Let go of connections."""


def build(target: CrmTarget, tools: Tools) -> Connector:
    """The connector of the target's kind. Raises ValueError or OSError for unusable settings."""
    module = import_module(f"calltrackd.crm.{target.settings.kind}.connector")
    return cast("Connector", module.build(target, tools))
