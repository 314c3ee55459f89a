"""`[[target]]`: who is told about calls."""

import base64
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from calltrackd.model.call import Direction, Step
from calltrackd.settings.base import (
    LocalPath,
    Name,
    PhoneNumber,
    Seconds,
    Section,
    surroundings,
    told,
)
from calltrackd.settings.deals import DealRules
from calltrackd.settings.secrets import CredentialName, SecretFile, elsewhere

MEND = "make one with: echo whsec_$(openssl rand -base64 32)"


def _url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise told("a webhook's address begins with https:// or http:// and a host")
    if parts.fragment:
        raise told("an address with # is for browsers: take the part behind # away")
    return url


def signing_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret, 24 to 64 bytes. ValueError in our words.

    Source: Standard Webhooks specification 1.0, "Signature scheme" (`whsec_` + base64).
    """
    if not secret.startswith("whsec_"):
        raise ValueError(f"a signing secret begins with whsec_; {MEND}")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError(f"what follows whsec_ is no base64; {MEND}") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"the key has {len(key)} bytes, the standard asks for 24 to 64; {MEND}")
    return key


def _number_pattern(raw: str) -> str:
    """E.164; with * in it as it is."""
    if "*" not in raw:
        return TypeAdapter(PhoneNumber).validate_python(raw)
    if not re.fullmatch(r"\+[0-9*]+", raw):
        raise told("a pattern of numbers begins with + and has digits and * only: +7495*")
    return raw


NumberPattern = Annotated[str, AfterValidator(_number_pattern)]
"""A phone number, or several by a star."""


def _one_line(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isprintable():
        raise told("a header's value is one line of printable letters")
    return value


HEADER = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
HeaderName = Annotated[str, Field(pattern=HEADER)]
HeaderValue = Annotated[SecretStr, AfterValidator(_one_line)]


class Mapping(Section):
    """Another shape than the standard one, for receivers that have their own."""

    method: Literal["POST", "PUT", "PATCH", "GET"] = "POST"
    """HTTP method."""
    content: Literal["json", "form", "query"] = "json"
    """Where the fields go: a JSON object, a form body, or the address's query."""
    headers: dict[HeaderName, HeaderValue] = Field(default={})
    """Headers to add, such as a token that the receiver asks for; treated as secrets."""
    fields: dict[str, JsonValue] = Field(min_length=1)
    """Field = Jinja2 template over the record, `{{ caller }}` or `{{ source.campaign }}`; in JSON
    also tables and lists of them."""


class WebhookTarget(Section):
    """A receiver of signed webhooks (standardwebhooks.com)."""

    kind: Literal["webhook"]
    """The connector."""
    name: Name
    """The name of the target in logs, metrics and `calltrackd outbox`; keep it, rows bear it."""
    url: Annotated[str, AfterValidator(_url)] = Field(repr=False)
    """Where to deliver."""
    secret_file: SecretFile = None
    """File of signing secrets, one a line."""
    secret_credential: CredentialName = None
    """Name of the systemd credential that holds them."""
    secrets: list[SecretStr] = Field(default=[], validate_default=True)
    """Signing secrets (`whsec_...`). Two while you change one: each delivery bears a signature by
    each. Without any, deliveries are unsigned, which only a target with a mapping may be."""
    events: list[Step] = Field(
        default=["started", "answered", "ended", "updated", "alert"], min_length=1
    )
    """Steps to tell; the type in the webhook is `call.` and the step."""
    numbers: list[NumberPattern] = Field(default=[])
    """Only calls on these numbers, or on those like `+7495*`; empty: on any."""
    directions: list[Direction] = Field(default=["inbound", "outbound"], min_length=1)
    """Only calls in these directions."""
    tracked_only: bool = False
    """Only calls on tracking numbers."""
    allow_private: bool = False
    """Allow addresses of private networks and of this machine (a CRM in your own house)."""
    tls_ca: LocalPath | None = None
    """PEM file of an authority of your own, trusted beside the system's."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Deliveries under way at once."""
    connect_timeout_s: Seconds = 3.0
    """Seconds to connect."""
    timeout_s: Seconds = 10.0
    """Seconds for the whole delivery."""
    give_up_after_h: float = Field(default=72.0, gt=0, le=8_760)
    """Hours of failing after which a delivery becomes a dead letter."""
    started_deadline_s: Seconds = 10.0
    """Seconds after the answer at which a `started` or `ringing` that could not be sent is
    dropped."""
    mask_numbers: bool = False
    """Clients' numbers go out with stars in the middle."""
    mapping: Mapping | None = None
    """Another shape than the standard one."""
    deals: DealRules | None = None
    """Take the receiver's own signed webhooks on deals; none: they are refused."""

    @field_validator("secrets")
    @classmethod
    def _every_secret(cls, value: list[SecretStr], info: ValidationInfo) -> list[SecretStr]:
        other = elsewhere(info)
        if value and other:
            raise told(
                "secrets are given twice: keep one of secrets, secret_file, secret_credential"
            )
        texts = [one.get_secret_value() for one in value] or (other or "").split()
        for text in texts:
            try:
                signing_key(text)
            except ValueError as error:
                raise told("{why}", why=str(error)) from None
        return [SecretStr(text) for text in texts]

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if not self.secrets and self.mapping is None and surroundings().need_secrets:
            raise told("no signing secret: give secrets, secret_file or secret_credential; " + MEND)
        return self
