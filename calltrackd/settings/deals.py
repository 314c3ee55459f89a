"""`[target.deals]`: what comes back of calls."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from calltrackd.settings.base import Section, told
from calltrackd.settings.secrets import CredentialName, SecretFile, elsewhere


class DealRules(Section):
    """What a deal's stage means, and to which call the deal belongs."""

    won: list[str] = Field(default=[])
    """Stages that mean success, as the CRM names them; none: what the CRM itself calls won."""
    lost: list[str] = Field(default=[])
    """Stages that mean that nothing came of it; none: what the CRM itself calls lost."""
    window_days: float = Field(default=30.0, gt=0, le=3_650)
    """Days before a deal in which its call is sought by the client's number, when the CRM has no
    link from the one to the other."""


class DealSettings(DealRules):
    """The same of a CRM that is read by its API, too."""

    poll_s: float = Field(default=300.0, ge=0, le=86_400)
    """Seconds between two questions for changed deals; 0: webhooks only."""
    secret_file: SecretFile = None
    """File of the secret by which the CRM's webhooks are known."""
    secret_credential: CredentialName = None
    """Name of the systemd credential that holds it."""
    secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The secret itself: a token, a signing key or a part of the address, see docs/returns.md.
    None: webhooks of this CRM are refused, and deals come by polls."""

    @field_validator("secret")
    @classmethod
    def _one_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        here, other = value.get_secret_value(), elsewhere(info)
        if here and other:
            raise told(
                "the secret is given twice: keep one of secret, secret_file, secret_credential"
            )
        return SecretStr(here or other or "")
