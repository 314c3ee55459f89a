"""What only FreeSWITCH tells."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from calltrackd.doctor.facts import PbxFacts
from calltrackd.settings import FreeswitchPbx


class EventSocket(msgspec.Struct, frozen=True):
    """event_socket.conf as it is loaded, without its password."""

    listen_ip: str
    default_password: bool
    """It is the one that everybody knows."""
    lists: tuple[str, ...]
    """apply-inbound-acl; without any, FreeSWITCH takes loopback.auto. All of them must agree."""
    admits_strangers: bool
    """They let in an address that is nobody's."""


class Profile(msgspec.Struct, frozen=True):
    """A profile of mod_sofia as it runs."""

    name: str
    context: str = ""
    dtmf: str = "rfc2833"
    """rfc2833, info, none (keys as sound)."""
    bypass: bool = False
    """inbound-bypass-media: sound goes from phone to line."""
    proxy: bool = False
    """inbound-proxy-media: RTP is passed on unread."""
    pass_rfc2833: bool = False
    """Key packets are passed on unread."""
    gateways: tuple[str, ...] = ()
    registrations: int = 0


class Step(msgspec.Struct, frozen=True):
    """An action of the dialplan that has to do with keys, sound or recordings."""

    context: str
    extension: str
    application: str
    data: str = ""


class FreeswitchFacts(PbxFacts, frozen=True, kw_only=True):
    """One attachment to FreeSWITCH."""

    make: ClassVar[str] = "FreeSWITCH"
    asked: ClassVar[Mapping[str, str]] = {
        "version": "its version",
        "denied": "what this user may do",
        "socket": "the event socket's settings",
        "modules": "its modules",
        "profiles": "its profiles",
        "variables": "global variables",
        "steps": "the dialplan",
        "clock_ahead_s": "its clock",
    }
    ask_again: ClassVar[tuple[str, ...]] = (
        "# event_socket.conf.xml's own password may ask all; or esl-allowed-api of a user needs",
        "# acl global_getvar module_exists sofia strmicroepoch version xml_locate",
        "calltrackd doctor --as USER@DOMAIN",
    )

    settings: FreeswitchPbx
    denied: frozenset[str] | None = None
    """Commands of the daemon that its user may not use."""
    socket: EventSocket | None = None
    modules: Mapping[str, bool] | None = None
    """Module -> is it loaded."""
    profiles: tuple[Profile, ...] | None = None
    variables: Mapping[str, str] | None = None
    """Global variables that a channel inherits, those that are set."""
    steps: tuple[Step, ...] | None = None

    def size(self) -> str:
        """Profiles."""
        if self.profiles is None:
            return ""
        return f"{len(self.profiles)} profile{'s' * (len(self.profiles) != 1)}"
