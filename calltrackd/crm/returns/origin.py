"""One target from which deals come back: its connector, and the settings' word on them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.returns.judge import Stages
from calltrackd.crm.returns.ports import Deals, Inbox
from calltrackd.model.deal import Deal, DealWay

Also = Callable[[AsyncConnection], Awaitable[Any]]
"""What is to be written in the same transaction."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where deals come from. `deals`, `inbox`: None where the connector has no such way."""

    target: str
    deals: Deals | None = None
    inbox: Inbox | None = None
    stages: Stages = Stages()
    poll_s: float = 300.0
    """Between two polls; 0: none."""
    window_s: float = 30 * 86_400.0
    """How long before a deal its call may have been, for a join by number."""


class Keeper(Protocol):
    """Writes what was read."""

    async def __call__(
        self,
        origin: Origin,
        found: Sequence[Deal],
        by: DealWay,
        read_at: float,
        also: Also,
    ) -> None:
        """Commit the deals, with `also` in the same transaction. Raises StoreDown."""
