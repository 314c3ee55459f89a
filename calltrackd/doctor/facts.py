"""Everything that the checks judge by, gathered before any of them looks.

None always means "could not be looked at", never "nothing there"; `refused` says why.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.settings import AsteriskPbx, Settings


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


class Feature(msgspec.Struct, frozen=True):
    """Keys that the PBX itself acts on during a talk."""

    name: str
    keys: str
    application: str = ""
    """What an applicationmap entry runs; empty: a built-in feature."""
    default: bool = False
    """Set nowhere: Asterisk's own default."""


class PbxFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One attachment."""

    settings: AsteriskPbx
    unreachable: str | None = None
    """Why there is no session; all else is None then."""
    version: str | None = None
    commands: frozenset[str] | None = None
    """Actions that the user may use."""
    user: ManagerUser | None = None
    phones: tuple[Phone, ...] | None = None
    features: tuple[Feature, ...] | None = None
    native_bridging: bool | None = None
    """Is bridge_native_rtp.so loaded."""
    clock_ahead_s: float | None = None
    """Seconds that the PBX's clock is ahead of this machine's."""
    refused: Mapping[str, str] = {}
    """Field above -> why the PBX would not tell."""


class Folder(msgspec.Struct, frozen=True):
    """A folder of recordings on this machine."""

    path: Path
    problem: str | None = None
    """Why it can't be read."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All attachments, this machine, and what the store holds of late."""

    settings: Settings
    pbxs: tuple[PbxFacts, ...] = ()
    folders: tuple[Folder, ...] = ()
    calls: tuple[CallRecord, ...] | None = None
    """The latest finished calls, newest first."""
    no_calls_because: str = ""
    """Why `calls` is None."""
    sizes: Mapping[str, int | None] = {}
    """Recording's path as the PBX names it -> bytes here; None: there is no such file here."""
