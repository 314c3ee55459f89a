"""Everything that the checks judge by, gathered before any of them looks.

None always means "could not be looked at", never "nothing there"; `refused` says why. What only one
make of PBX tells is in that make's folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.settings import AsteriskPbx, FreeswitchPbx, Settings


class Feature(msgspec.Struct, frozen=True):
    """Keys that the PBX itself acts on during a talk."""

    name: str
    keys: str
    """The keys, or with `pattern` a regular expression of them."""
    application: str = ""
    """What an entry of the admin's own runs; empty: a built-in feature."""
    default: bool = False
    """Set nowhere: the PBX's own default."""
    pattern: bool = False
    change: tuple[str, ...] = ()
    """Where other keys are given to it: lines of a mend."""


class PbxFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One attachment, whatever its make."""

    make: ClassVar[str]
    """Asterisk or FreeSWITCH."""
    asked: ClassVar[Mapping[str, str]]
    """Field below -> what a person calls it."""
    ask_again: ClassVar[tuple[str, ...]]
    """What helps when the PBX refuses a question."""

    settings: AsteriskPbx | FreeswitchPbx
    unreachable: str | None = None
    """Why there is no session; all else is None then."""
    version: str | None = None
    features: tuple[Feature, ...] | None = None
    native_bridging: bool | None = None
    """Is bridge_native_rtp.so loaded."""
    clock_ahead_s: float | None = None
    """Seconds that the PBX's clock is ahead of this machine's."""
    refused: Mapping[str, str] = {}
    """Field -> why the PBX would not tell."""

    def size(self) -> str:
        """What was looked at, in a word or two; empty: nothing to count."""
        return ""


class Folder(msgspec.Struct, frozen=True):
    """A folder of recordings on this machine."""

    path: Path
    problem: str | None = None
    """Why it can't be read."""


class AudioFile(msgspec.Struct, frozen=True):
    """A recording on this machine."""

    size: int
    """Bytes."""
    channels: int | None = None
    """1 or 2 as its head says; None: no head that we can read (raw samples)."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All attachments, this machine, and what the store holds of late."""

    settings: Settings
    pbxs: tuple[PbxFacts, ...] = ()
    folders: tuple[Folder, ...] = ()
    calls: tuple[CallRecord, ...] | None = None
    """The latest finished calls, newest first."""
    no_calls_because: str = ""
    """Why `calls` is None."""
    files: Mapping[str, AudioFile | None] = {}
    """Recording's path as the PBX names it -> the file; None: there is no such file here."""

    def calls_of(self, pbx: PbxFacts) -> list[CallRecord]:
        """The latest calls of one attachment; none where they could not be looked at."""
        return [call for call in self.calls or () if call.pbx == pbx.settings.name]
