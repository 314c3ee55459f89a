"""`[[target]]` with `kind = "odoo"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.crm.base import Address, CrmTarget


class OdooTarget(CrmTarget):
    """An Odoo 19 or newer, by a user's API key."""

    kind: Literal["odoo"]
    """The connector."""
    url: Address
    """Where Odoo serves: `https://odoo.example`."""
    database: str = Field(min_length=1)
    """The database."""
