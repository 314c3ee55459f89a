"""`[[target]]` with `kind = "amocrm"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.crm.base import Address, CrmTarget


class AmocrmTarget(CrmTarget):
    """An amoCRM or Kommo account."""

    kind: Literal["amocrm"]
    """The connector."""
    url: Address
    """The account: `https://example.amocrm.ru`."""
    client_id: str | None = Field(default=None, min_length=1)
    """Of an OAuth integration, `secret` is its key; not given: `secret` is a long-lived token."""
    redirect_uri: str | None = Field(default=None, min_length=1)
    """Of an OAuth integration, as it stands there."""
    pipeline_id: int | None = Field(default=None, ge=1)
    """The pipeline of new leads; none: the account's main one."""
