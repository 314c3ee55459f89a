"""An attachment to FreeSWITCH."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from calltrackd.settings.base import Name, Pattern, Section
from calltrackd.settings.pbx import grouped

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
    trunks: list[Pattern] = Field(default=[PROFILES])
    """Regular expressions of lines' channels (`^sofia/external/`); they win over extensions."""
    extensions: list[Annotated[Pattern, AfterValidator(grouped)]] = Field(default=[PHONES])
    """Regular expressions of phones' channels; the first group is the extension.

    What matches neither is a line: a far end that nobody knows is the client. `dialed_user` and the
    presence id stand in for the user part of a name that matches nothing.
    """
