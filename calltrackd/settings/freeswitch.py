"""An attachment to FreeSWITCH."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from calltrackd.settings.base import Name, Pattern, Seconds, Section
from calltrackd.settings.pbx import grouped
from calltrackd.settings.secrets import CredentialName, SecretFile, one_secret

USER = r"^[^\s:@]+@[^\s:@]+$"
"""Behind a colon the password begins."""

PROFILES = r"^sofia/(?:external|gateway|trunk)"
"""Profiles of lines: vanilla's and FusionPBX's `external`, `external-ipv6`; and plain names."""

PHONES = r"^(?:sofia/[^/]+|verto\.rtc)/(?:sip:)?(\d{2,6})@"
"""Phones on any other profile: `sofia/internal/1001@example.com`, `sofia/internal/sip:1001@...`."""


class FreeswitchPbx(Section):
    """FreeSWITCH 1.10 or newer, over its event socket (ESL)."""

    kind: Literal["freeswitch"]
    """The make of the PBX."""
    name: Name
    """The name of the attachment in records, logs and metrics; keep it, calls bear it."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Where the event socket listens. It has no TLS: over a network, use a tunnel."""
    port: int = Field(default=8021, ge=1, le=65535)
    """Its port."""
    user: str | None = Field(default=None, pattern=USER)
    """A user of the directory, `calltrackd@example.com`, whose `esl-password` is the secret;
    without it the secret is the event socket's own password."""
    secret_file: SecretFile = None
    """File that holds the password."""
    secret_credential: CredentialName = None
    """Name of the systemd credential that holds it (`LoadCredential=` in the unit)."""
    secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The password itself; a file or a credential is safer."""
    connect_timeout_s: Seconds = 10.0
    """Seconds to reach the PBX and log in."""
    action_timeout_s: Seconds = 10.0
    """Seconds that the answer to one command may take."""
    ping_every_s: Seconds = 15.0
    """Seconds of silence after which the PBX is pinged."""
    ping_timeout_s: Seconds = 10.0
    """Seconds without an answer to a ping after which the link is dead."""
    retry_cap_s: Seconds = 30.0
    """Longest pause between two attempts to connect, seconds; pauses grow from 0.5 s, jittered."""
    trunks: list[Pattern] = Field(default=[PROFILES])
    """Regular expressions of lines' channels (`^sofia/external/`); they win over extensions."""
    extensions: list[Annotated[Pattern, AfterValidator(grouped)]] = Field(default=[PHONES])
    """Regular expressions of phones' channels; the first group is the extension.

    What matches neither is a line: a far end that nobody knows is the client. `dialed_user` and the
    presence id stand in for the user part of a name that matches nothing.
    """

    _secret = field_validator("secret")(one_secret)
