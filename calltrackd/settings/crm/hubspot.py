"""`[[target]]` with `kind = "hubspot"`."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from calltrackd.settings.base import told
from calltrackd.settings.crm.base import Address, CrmTarget


class HubspotTarget(CrmTarget):
    """A HubSpot account, by a private app's token or an OAuth app."""

    kind: Literal["hubspot"]
    """The connector."""
    url: Address = "https://api.hubapi.com"
    """The API."""
    api: str = Field(default="v3", pattern=r"^(v3|20\d\d-\d\d)$")
    """The API's version: `v3`, or a dated one such as `2026-03`."""
    client_id: str | None = Field(default=None, min_length=1)
    """Of an OAuth app, `secret` is its client secret; none: `secret` is a private app's token."""
    refresh_token: SecretStr = SecretStr("")
    """Of an OAuth app: the refresh token that its installation gave."""
    phone_property: str = Field(default="calltrackd_phone", min_length=1)
    """A property of contacts with unique values: the number under which we made a contact."""
    call_property: str = Field(default="calltrackd_call", min_length=1)
    """A property with unique values, of calls and of deals: our id of the call."""
    tags_property: str = Field(default="calltrackd_tags", min_length=1)
    """A text property of calls and deals for the call's tags; left out where there is none."""
    utm: bool = True
    """Fill `utm_source`, `utm_medium`, `utm_campaign`, `utm_term`, `utm_content` and properties
    named like click ids (`gclid`, `yclid`) of new contacts and deals, those that there are."""
    pipeline: str = Field(default="default", min_length=1)
    """The pipeline of new deals, by its id."""
    stage: str | None = Field(default=None, min_length=1)
    """The stage of new deals, by its id; none: the pipeline's first."""
    requests_per_10s: int = Field(default=100, ge=60, le=1_000)
    """Requests in ten seconds that HubSpot allows the app: 100 in Free and Starter, 190 in
    Professional and Enterprise, 250 with the capacity pack, 110 for an OAuth app."""
    searches_per_s: float = Field(default=3.0, gt=0, le=4)
    """Searches a second; HubSpot allows four to five of all apps together."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.client_id is None and self.refresh_token.get_secret_value():
            raise told("a refresh token belongs to an OAuth app: give its client_id")
        return self

    @model_validator(mode="after")
    def _users_are_numbers(self) -> Self:
        users = [*self.users.values(), *([self.fallback_user] if self.fallback_user else [])]
        for user in users:
            if not (user.isascii() and user.isdigit()):
                raise told("owners of HubSpot are numbers, {user} is none", user=user)
        return self
