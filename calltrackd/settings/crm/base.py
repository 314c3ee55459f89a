"""What every CRM's `[[target]]` has."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from calltrackd.model.call import Direction
from calltrackd.settings.base import LocalPath, Name, Seconds, Section, told
from calltrackd.settings.crm.leads import LeadRules
from calltrackd.settings.deals import DealSettings
from calltrackd.settings.secrets import CredentialName, SecretFile, one_secret
from calltrackd.settings.target import NumberPattern


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise told("a CRM's address begins with https:// or http:// and a host")
    if parts.query or parts.fragment or parts.username:
        raise told("only scheme, host and path: nothing behind ? or #, nothing before @")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""The address of a CRM, without a slash at its end."""

Extension = Annotated[str, Field(pattern=r"^\S+$")]
CrmUser = Annotated[str, Field(min_length=1)]


class CrmTarget(Section):
    """A CRM that calls, leads and recordings are written into."""

    kind: str
    """The connector."""
    name: Name
    """The name of the target in logs, metrics and `calltrackd outbox`; keep it, rows bear it."""
    secret_file: SecretFile = None
    """File that holds the CRM's key, token or client secret."""
    secret_credential: CredentialName = None
    """Name of the systemd credential that holds it."""
    secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The key itself; a file or a credential is safer."""
    numbers: list[NumberPattern] = Field(default=[])
    """Only calls on these numbers, or on those like `+7495*`; empty: on any."""
    directions: list[Direction] = Field(default=["inbound", "outbound"], min_length=1)
    """Only calls in these directions."""
    tracked_only: bool = False
    """Only calls on tracking numbers."""
    users: dict[Extension, CrmUser] = Field(default={})
    """Extension = the user's id in the CRM; `calltrackd crm users` proposes it."""
    fallback_user: CrmUser | None = None
    """The user to whom what nobody answered belongs; none: as the CRM decides."""
    lead: LeadRules = LeadRules()
    """When a call makes a lead or a task."""
    deals: DealSettings = DealSettings()
    """How deals come back."""
    recordings: bool = True
    """Bring recordings, or links to them, into the CRM."""
    transcripts: bool = True
    """Bring what was said into the CRM."""
    allow_private: bool = False
    """Allow addresses of private networks and of this machine (a CRM in your own house)."""
    tls_ca: LocalPath | None = None
    """PEM file of an authority of your own, trusted beside the system's."""
    concurrency: int = Field(default=8, ge=2, le=64)
    """Calls written at once; two of them are kept for those that ring."""
    connect_timeout_s: Seconds = 3.0
    """Seconds to connect."""
    timeout_s: Seconds = 10.0
    """Seconds for one request."""
    give_up_after_h: float = Field(default=72.0, gt=0, le=8_760)
    """Hours of failing after which a step becomes a dead letter."""

    _secret = field_validator("secret")(one_secret)

    @property
    def shows_cards(self) -> bool:
        """Its users see who calls while their phones ring."""
        return False
