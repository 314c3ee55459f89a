"""`[[target]]` with `kind = "bitrix24"`."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from calltrackd.settings.base import told
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
    refresh_token: SecretStr = SecretStr("")
    """With `app`: the first refresh token, good once; the ones that follow are in the store."""
    oauth_url: Address = "https://oauth.bitrix.info"
    """With `app`: where tokens are refreshed."""
    requests_per_s: float = Field(default=2.0, gt=0, le=100)
    """Requests a second that the portal allows; Enterprise: 5."""
    burst: int = Field(default=50, ge=5, le=1000)
    """Requests at once that it allows; four fifths of it are used. Enterprise: 250."""
    lead_as: Literal["lead", "deal", "contact"] = "lead"
    """What a lead of `[target.lead]` is in this portal; `deal`: with a contact of its own, for
    portals that work without leads."""
    source: str = "CALL"
    """The source of new leads: an id of the list `SOURCE`; empty: none."""
    category: int | None = Field(default=None, ge=0)
    """The pipeline of new deals; none: the main one."""
    tags_field: str | None = Field(default=None, min_length=1)
    """A field of leads (or what `lead_as` says) that takes several texts, for tags, as
    `crm.item.fields` names it: `ufCrm_1639669411830`. None: tags are not brought."""

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return self.mode == "app"

    @model_validator(mode="after")
    def _whole_mode(self) -> Self:
        if self.mode == "app" and self.client_id is None:
            raise told("app needs client_id: the application's page in the portal shows it")
        if self.mode == "webhook" and self.user_id is None:
            raise told("webhook needs user_id: the number in the address /rest/USER/...")
        return self
