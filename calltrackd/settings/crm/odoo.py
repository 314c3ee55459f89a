"""`[[target]]` with `kind = "odoo"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.base import Seconds
from calltrackd.settings.crm.base import Address, CrmTarget


class OdooTarget(CrmTarget):
    """An Odoo 19 or newer, by a user's API key."""

    kind: Literal["odoo"]
    """The connector."""
    url: Address
    """Where Odoo serves: `https://odoo.example`."""
    database: str = Field(min_length=1)
    """The database."""
    lead_type: Literal["opportunity", "lead"] = "opportunity"
    """What a lead is made as: `lead` where your Odoo qualifies leads first."""
    cards: bool = True
    """Tell users whose phones ring who calls, in a chat of Odoo's own."""
    rate: float = Field(default=10.0, gt=0, le=1_000)
    """Requests a second at most."""
    limit_time_s: Seconds = 120.0
    """Odoo's own `limit_time_real`: after so long a request without an answer is surely over."""

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return self.cards and bool(self.users)
