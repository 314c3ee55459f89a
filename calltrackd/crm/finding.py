"""What `calltrackd crm check` says: what is so, and what to do about it."""

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "note", "fine"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at."""

    check: str
    """What: `credentials`, `rights`, `users`, `fields`, or the connector's own word."""
    severity: Severity
    """error: nothing gets through. warning: something will be missing. fine: as it should be."""
    what: str
    mend: str = ""
    """What to do, and where."""
