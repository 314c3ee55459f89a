"""`[[target]]` with `kind = "amocrm"`."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from calltrackd.settings.base import told
from calltrackd.settings.crm.base import Address, CrmTarget


class AmocrmTarget(CrmTarget):
    """An amoCRM or Kommo account."""

    kind: Literal["amocrm"]
    """The connector."""
    url: Address
    """The account: `https://example.amocrm.ru` or `https://example.kommo.com`."""
    client_id: str | None = Field(default=None, min_length=1)
    """Of an OAuth integration, `secret` is its key; none: `secret` is a long-lived token."""
    redirect_uri: str | None = Field(default=None, min_length=1)
    """Of an OAuth integration, as it stands there."""
    code: SecretStr = SecretStr("")
    """Of an OAuth integration: the code on its page, good for 20 minutes and needed once."""
    refresh_token: SecretStr = SecretStr("")
    """Of an OAuth integration: a refresh token that you have, instead of `code`."""
    pipeline_id: int | None = Field(default=None, ge=1)
    """The pipeline of new leads; none: the account's main one."""
    status_id: int | None = Field(default=None, ge=1)
    """The stage of new leads; none: the pipeline's first."""
    incoming_leads: bool = False
    """Leads of callers whom the CRM does not know wait among the pipeline's incoming leads."""
    call_field_id: int | None = Field(default=None, ge=1)
    """A text field of leads for the call's id, so that deals surely find their call."""
    source: str = Field(default="calltrackd", min_length=1)
    """What calls are marked with as their source."""
    tags: bool = True
    """Bring the call's tags to its lead, else to its contact."""
    utm: bool = True
    """Fill the lead's fields for UTM marks and click ids, those that the account has."""
    rate: float = Field(default=5.0, gt=0, le=6)
    """Requests a second; amoCRM allows 7 for all integrations of the address together."""

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return bool(self.users)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.client_id is None) != (self.redirect_uri is None):
            raise told("an OAuth integration has both, client_id and redirect_uri")
        if self.client_id is None and (self.code or self.refresh_token):
            raise told("code and refresh_token belong to an OAuth integration: give its client_id")
        return self

    @model_validator(mode="after")
    def _users_are_numbers(self) -> Self:
        users = [*self.users.values(), *([self.fallback_user] if self.fallback_user else [])]
        for user in users:
            if not (user.isascii() and user.isdigit()):
                raise told("users of amoCRM are numbers, {user} is none", user=user)
        return self
