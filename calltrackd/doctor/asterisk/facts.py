"""What only Asterisk tells."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from calltrackd.doctor.facts import PbxFacts
from calltrackd.settings import AsteriskPbx


class ManagerUser(msgspec.Struct, frozen=True):
    """The AMI user as manager.conf has it, without its secret."""

    read: frozenset[str]
    write: frozenset[str]
    filters: tuple[tuple[str, str], ...] = ()
    """Option (`eventfilter`, from 20.17 and 22 on `eventfilter(...)`) and its value."""


class Phone(msgspec.Struct, frozen=True):
    """An endpoint of chan_pjsip or a peer of chan_sip; trunks are endpoints too."""

    name: str
    """As channels are named: `PJSIP/101`."""
    direct_media: bool
    dtmf_mode: str
    """rfc4733, inband, info, auto, auto_info (chan_sip's rfc2833 is rfc4733)."""
    codecs: tuple[str, ...] = ()
    context: str = ""


class AsteriskFacts(PbxFacts, frozen=True, kw_only=True):
    """One attachment to Asterisk."""

    make: ClassVar[str] = "Asterisk"
    asked: ClassVar[Mapping[str, str]] = {
        "version": "its version",
        "commands": "the AMI user's actions",
        "user": "the AMI user's classes and filters",
        "phones": "endpoints",
        "features": "feature codes",
        "native_bridging": "its modules",
        "clock_ahead_s": "its clock",
    }
    ask_again: ClassVar[tuple[str, ...]] = (
        "calltrackd doctor --as USER   # an AMI user with write = system",
    )

    settings: AsteriskPbx
    commands: frozenset[str] | None = None
    """Actions that the user may use."""
    user: ManagerUser | None = None
    phones: tuple[Phone, ...] | None = None
    native_bridging: bool | None = None
    """Is bridge_native_rtp.so loaded."""

    def size(self) -> str:
        """Endpoints."""
        if self.phones is None:
            return ""
        return f"{len(self.phones)} endpoint{'s' * (len(self.phones) != 1)}"
