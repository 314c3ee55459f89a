"""What the doctor says: what is so, what it costs, and the line that mends it."""

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "note"]
"""error: calls, tags or recordings are lost. warning: some are, or soon will be. note: worth
knowing, or could not be looked at."""
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found."""

    check: str
    """Its name, which is its heading in docs/doctor.md."""
    severity: Severity
    pbx: str | None = None
    """The attachment; None: this machine or the settings."""
    what: str
    means: str
    """What it costs in tags, recordings or counts."""
    mend: tuple[str, ...] = ()
    """Lines to type, or to write into the file that a `#` line before them names."""


def names(all_of_them: list[str], most: int = 8) -> str:
    """A list for a sentence, shortened.

    >>> names(["101", "102", "103"], most=2)
    '101, 102 and 1 more'
    """
    shown = ", ".join(all_of_them[:most])
    return shown if len(all_of_them) <= most else f"{shown} and {len(all_of_them) - most} more"
