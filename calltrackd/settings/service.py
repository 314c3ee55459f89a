"""The daemon's own tables: store, journal, log, web, recordings."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from calltrackd.settings.base import LocalPath, Section, told

MIB = 1 << 20


def _store_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("sqlite:///", "postgresql://")):
        raise told("write sqlite:////absolute/path.db or postgresql://user@host/database")
    return url


class StoreSettings(Section):
    """Where records live."""

    url: Annotated[SecretStr, AfterValidator(_store_url)] | None = None
    """`sqlite:////path/calls.db` or `postgresql://user@host/database`; not given: SQLite in
    state_dir. PostgreSQL's password is best left to ~/.pgpass or a socket's peer check."""
    retention_days: int = Field(default=1095, ge=0, le=36_500)
    """Days that a call is kept; 0: for ever. Kinds and first sources know only what is kept."""


class JournalSettings(Section):
    """The raw stream of each PBX, kept for recovery and for bug reports."""

    segment_bytes: int = Field(default=16 * MIB, ge=64 * 1024, le=1024 * MIB)
    """Bytes after which a segment is sealed and compressed."""
    segment_age_s: float = Field(default=3600.0, ge=1, le=7 * 86_400)
    """Seconds after which it is, full or not."""
    keep_bytes: int = Field(default=2048 * MIB, ge=MIB)
    """Bytes of sealed segments to keep, a PBX."""
    keep_days: float = Field(default=14.0, gt=0, le=3_650)
    """Days to keep them. What calls in progress need is kept in any case."""
    memory_bytes: int = Field(default=16 * MIB, ge=MIB, le=1024 * MIB)
    """Bytes of a PBX's stream that may wait in memory; the rest waits in the journal."""


class LogSettings(Section):
    """What the daemon says, on its standard error."""

    format: Literal["auto", "json", "console"] = "auto"
    """`auto`: colours on a terminal, JSON lines elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least weighty line that is written."""
    mask_numbers: bool = True
    """Phone numbers in log lines have stars in the middle."""


def _public_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise told("a public address begins with https:// or http:// and a host")
    if parts.query or parts.fragment or parts.username:
        raise told("only scheme, host and path: what is behind ? or # or before @ can't be used")
    return url.rstrip("/")


class WebSettings(Section):
    """Health, readiness, metrics and the API, on one port."""

    enabled: bool = True
    """Whether to listen at all."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on; there is no login, so leave it local or put a proxy with one before."""
    port: int = Field(default=9147, ge=0, le=65535)
    """Port to listen on; 0: a free one, told in the log."""
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    """The address at which CRMs and their users reach this daemon, through a proxy of yours:
    `https://calls.example.com`. None: links to recordings are not made."""
    outside_host: str = Field(default="127.0.0.1", min_length=1)
    """Address of the second port, if there is one."""
    outside_port: int | None = Field(default=None, ge=0, le=65535)
    """A second port that serves nothing but CRMs' webhooks and recordings by signed links, each of
    which proves itself: for the proxy to lead to. None: both are on the first port."""
    link_days: float = Field(default=365.0, gt=0, le=36_500)
    """Days for which a link to a recording is good."""


class RecordingSettings(Section):
    """Where the PBX's audio files are found on this machine."""

    folders: list[LocalPath] = Field(default=[Path("/var/spool/asterisk/monitor")])
    """Folders of recordings; nothing outside them is ever read or deleted."""
    path_map: dict[str, str] = Field(default={})
    """Folder as the PBX names it = the same folder here, when they differ (a container, NFS)."""
