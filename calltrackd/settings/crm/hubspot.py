"""`[[target]]` with `kind = "hubspot"`."""

from typing import Literal

from calltrackd.settings.crm.base import Address, CrmTarget


class HubspotTarget(CrmTarget):
    """A HubSpot account, by a private app's token."""

    kind: Literal["hubspot"]
    """The connector."""
    url: Address = "https://api.hubapi.com"
    """The API."""
