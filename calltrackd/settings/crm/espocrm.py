"""`[[target]]` with `kind = "espocrm"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.base import Seconds
from calltrackd.settings.crm.base import Address, CrmTarget


class EspocrmTarget(CrmTarget):
    """An EspoCRM, by an API user's key."""

    kind: Literal["espocrm"]
    """The connector."""
    url: Address
    """Where EspoCRM serves: `https://crm.example`."""
    lead_source: str = "Call"
    """The source of new leads, one of the options of the field Source; empty: none."""
    deal_days: int = Field(default=30, ge=0, le=3_650)
    """Days until the expected close of an opportunity that a call of a known client makes."""
    cards: bool = True
    """Tell users whose phones ring who calls, in their streams."""
    rate: float = Field(default=10.0, gt=0, le=1_000)
    """Requests a second at most."""
    limit_time_s: Seconds = 180.0
    """PHP's `max_execution_time` there: after so long a request without an answer is surely
    over."""

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return self.cards and bool(self.users)
