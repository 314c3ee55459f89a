"""`[[target]]` with `kind = "espocrm"`."""

from typing import Literal

from calltrackd.settings.crm.base import Address, CrmTarget


class EspocrmTarget(CrmTarget):
    """An EspoCRM, by an API user's key."""

    kind: Literal["espocrm"]
    """The connector."""
    url: Address
    """Where EspoCRM serves: `https://crm.example`."""
