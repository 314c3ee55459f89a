"""`[[pbx]]`: an attachment to one telephone exchange."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from calltrackd.settings.base import LocalPath, Name, Pattern, Seconds, Section, told
from calltrackd.settings.secrets import CredentialName, SecretFile, one_secret

EVENT_CLASSES = frozenset(
    {"system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting"}
    | {"cdr", "dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message", "all"}
)
"""Classes of Asterisk's manager.h; what the user's `read` lacks is not sent anyway."""

LINE = r"^[^\r\n]+$"
"""Two lines would be two headers to Asterisk."""

PHONES = r"^(?:PJSIP|SIP|IAX2|SCCP|Skinny)/(?:99(?=\d{3,4}-))?(\d{2,6})-"
"""Phones by FreePBX's and basic-pbx's habits: the endpoint is a short number, `PJSIP/101-0000002a`.

`PJSIP/99101-...` is the WebRTC twin that FreePBX makes beside extension 101.
"""


def _classes(mask: str) -> str:
    strange = {word.strip() for word in mask.split(",")} - EVENT_CLASSES
    if strange:
        raise told("no event class of Asterisk: {names}", names=", ".join(sorted(strange)))
    return mask


def grouped(pattern: str) -> str:
    """The pattern, if it has a group for the extension."""
    if re.compile(pattern).groups < 1:
        raise told("put the extension in a group: ^PJSIP/sales-(\\d+)-")
    return pattern


class AsteriskPbx(Section):
    """Asterisk 16 or newer, over its manager interface (AMI)."""

    kind: Literal["asterisk"]
    """The make of the PBX."""
    name: Name
    """The name of the attachment in records, logs and metrics; keep it, calls bear it."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Where the manager listens."""
    port: int = Field(default=5038, ge=1, le=65535)
    """Its port; 5039 when tls is on and no port is given."""
    tls: bool = False
    """Connect by TLS (`tlsenable` in manager.conf)."""
    tls_ca: LocalPath | None = None
    """PEM file of the authority that signed the PBX's certificate; without it the system's."""
    tls_verify_name: bool = True
    """Check that the certificate was made out for `host`."""
    user: str = Field(default="calltrackd", pattern=LINE)
    """The manager user."""
    secret_file: SecretFile = None
    """File that holds the manager user's password."""
    secret_credential: CredentialName = None
    """Name of the systemd credential that holds it (`LoadCredential=` in the unit)."""
    secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The password itself; a file or a credential is safer."""
    login: Literal["challenge", "plain"] = "challenge"
    """`challenge` sends an MD5 of the password, `plain` the password (for a PBX without MD5)."""
    events: Annotated[str, AfterValidator(_classes)] = "system,call,agent,dtmf,dialplan"
    """Event classes asked for: `dialplan` tells IVRs and recordings, `agent` queues, `dtmf` keys,
    `system` restarts, `call` all else."""
    connect_timeout_s: Seconds = 10.0
    """Seconds to reach the PBX and log in."""
    action_timeout_s: Seconds = 10.0
    """Seconds that the answer to one action may take."""
    ping_every_s: Seconds = 15.0
    """Seconds of silence after which the PBX is pinged."""
    ping_timeout_s: Seconds = 10.0
    """Seconds without an answer to a ping after which the link is dead."""
    retry_cap_s: Seconds = 30.0
    """Longest pause between two attempts to connect, seconds; pauses grow from 0.5 s, jittered."""
    trunks: list[Pattern] = Field(default=[])
    """Regular expressions of trunk channels (`^PJSIP/office-line-`); they win over extensions."""
    extensions: list[Annotated[Pattern, AfterValidator(grouped)]] = Field(default=[PHONES])
    """Regular expressions of phones' channels; the first group is the extension.

    What matches neither is a trunk: a far end that nobody knows is the client.
    """

    @model_validator(mode="before")
    @classmethod
    def _tls_port(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("tls") is True:
            return {"port": 5039, **data}
        return data

    _secret = field_validator("secret")(one_secret)

    @model_validator(mode="after")
    def _ca_needs_tls(self) -> Self:
        if self.tls_ca is not None and not self.tls:
            raise told("tls_ca is given, but tls is off: add tls = true")
        return self
