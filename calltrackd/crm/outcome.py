"""What became of one attempt, in the five words that a dispatcher acts on."""

from typing import Literal

import msgspec

Scope = Literal["row", "target", "outage"]
"""Whose fault a failure looks like: this row's content; perhaps the target's (an error page, an
answer that never came: either may still be one row's doing); surely the target's (nobody answers,
or it says that it is overloaded)."""


class Delivered(msgspec.Struct, frozen=True):
    """The target took the row (2xx)."""

    status: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Not taken; worth another attempt.

    `unknown`: the request may have reached the target (an answer never came), so the next attempt
    may be the second time it sees the id. `after`: seconds that the target itself asked for.
    `reason` is the same text for the same trouble; `detail` (what the target said) may differ.
    """

    reason: str
    scope: Scope
    status: int | None = None
    after: float | None = None
    unknown: bool = False
    detail: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Never to be delivered as it is: the row is a dead letter, the target goes on."""

    reason: str
    status: int | None = None
    detail: str = ""


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can be delivered until somebody changes something; the row stays owed.

    No byte was sent (an address that is not allowed, for one).
    """

    reason: str
    status: int | None = None
    detail: str = ""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """410: the target asks for no more. The row is dead, the target is switched off."""

    reason: str = "410 Gone: the target asks for no more"
    status: int = 410
    detail: str = ""


Outcome = Delivered | Failed | Refused | Blocked | Gone


def text(outcome: Failed | Refused | Blocked | Gone) -> str:
    """Reason and what the target said, as kept with the row."""
    return f"{outcome.reason}: {outcome.detail}" if outcome.detail else outcome.reason
