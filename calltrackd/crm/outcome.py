"""What became of one attempt, in the six words that a dispatcher acts on."""

from typing import Literal

import msgspec

Scope = Literal["row", "target", "outage"]
"""Whose fault a failure looks like: this row's content; perhaps the target's (an error page, an
answer that never came: either may still be one row's doing); surely the target's (nobody answers,
or it says that it is overloaded)."""


class Delivered(msgspec.Struct, frozen=True):
    """The target took the row. `status`: of the HTTP answer, where one answer decides."""

    status: int | None


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

    Not taken (an address that is not allowed, a key that is refused). `after`: seconds until it is
    worth a look. `admin`: the target says so itself, so that somebody has to be told.
    """

    reason: str
    status: int | None = None
    detail: str = ""
    after: float | None = None
    admin: bool = False


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """410: the target asks for no more. The row is dead, the target is switched off."""

    reason: str = "410 Gone: the target asks for no more"
    status: int = 410
    detail: str = ""


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """There was only a card to show, and the ringing is over: the row is dropped."""

    reason: str = "the ringing was over before the card could be shown"


Outcome = Delivered | Failed | Refused | Blocked | Gone | Late


def text(outcome: Failed | Refused | Blocked | Gone | Late) -> str:
    """Reason and what the target said, as kept with the row."""
    detail = "" if isinstance(outcome, Late) else outcome.detail
    return f"{outcome.reason}: {detail}" if detail else outcome.reason
