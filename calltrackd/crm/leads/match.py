"""Which of the CRM's clients is calling, when several have his number (pure).

In turn: one with an open deal (or lead) before those without; among several the newest activity;
where nothing is known of that, the oldest. What is still even is nobody: a task is better than a
guess.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

EntityKind = Literal["contact", "company", "lead", "customer"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An entity of the CRM that has the caller's number. Times are unix seconds.

    Give one for a person with his open deals, not one a deal; a free-standing lead is a match of
    its own with `open_deal` = its id while it is open.
    """

    kind: EntityKind
    id: str
    name: str | None = None
    responsible: str | None = None
    """The user's id in the CRM."""
    open_deal: str | None = None
    """The id of its newest deal or lead in progress."""
    active_at: float | None = None
    """Its newest activity."""
    created_at: float | None = None


def chosen(matches: Sequence[Match]) -> Match | None:
    """The one that calls; None: nobody, or nobody can say which.

    >>> old, new = (Match(kind="contact", id=n, created_at=float(n)) for n in "12")
    >>> chosen([new, old]).id
    '1'
    """
    left = [match for match in matches if match.open_deal is not None] or list(matches)
    left = _most([match.active_at for match in left], left)
    left = _most([None if m.created_at is None else -m.created_at for m in left], left)
    return left[0] if len(left) == 1 else None


def strangers(matches: Sequence[Match], contact: object) -> list[Match]:
    """`matches` without the contact that this very call made and that has no deal yet.

    A caller is no known client by what he was made a moment ago: his lead is still owed. `contact`:
    that contact's id, None once the lead is there.
    """
    own = [m for m in matches if m.kind == "contact" and m.id == contact and m.open_deal is None]
    return [match for match in matches if match not in own]


def _most(values: Sequence[float | None], matches: list[Match]) -> list[Match]:
    """Those with the greatest value; all where nobody has one."""
    known = [value for value in values if value is not None]
    if not known:
        return matches
    return [m for m, value in zip(matches, values, strict=True) if value == max(known)]
