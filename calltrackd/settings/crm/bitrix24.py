"""`[[target]]` with `kind = "bitrix24"`."""

from typing import Literal

from pydantic import Field

from calltrackd.settings.crm.base import Address, CrmTarget


class Bitrix24Target(CrmTarget):
    """A Bitrix24 portal."""

    kind: Literal["bitrix24"]
    """The connector."""
    url: Address
    """The portal: `https://example.bitrix24.ru`."""
    mode: Literal["app", "webhook"] = "app"
    """`app`: a local application, with the call card; `webhook`: an incoming webhook, without."""
    user_id: int | None = Field(default=None, ge=1)
    """With `webhook`: the user whose webhook it is (`/rest/USER/...`)."""
    client_id: str | None = Field(default=None, min_length=1)
    """With `app`: the application's `client_id`; `secret` is its `client_secret`."""
    oauth_url: Address = "https://oauth.bitrix.info"
    """With `app`: where tokens are refreshed."""
