"""`[[target]]` with `kind = "retailcrm"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.crm.base import Address, CrmTarget


class RetailcrmTarget(CrmTarget):
    """A RetailCRM (Simla) account, by an API key."""

    kind: Literal["retailcrm"]
    """The connector."""
    url: Address
    """The account: `https://example.retailcrm.ru`."""
    site: str | None = Field(default=None, min_length=1)
    """The shop's code, when the key reaches several."""
