"""One delivery: an event of one version of a call, owed to one CRM target."""

from typing import Literal

import msgspec

from calltrackd.model.call import Step

OutboxState = Literal["waiting", "sending", "unknown", "sent", "dead", "dropped"]
"""Owed: waiting; sending = a CRM was being told when this was written; unknown = it was told, and
what became of that is not known yet. Settled: sent = the target took it; dead = given up, kept for
the admin; dropped = not wanted any more (a start that came too late, an admin's `drop`)."""

OWED: frozenset[OutboxState] = frozenset({"waiting", "sending", "unknown"})
"""Rows in these states are still to be delivered."""


URGENT: frozenset[Step] = frozenset({"started", "ringing"})
"""Rows of these steps are for people whose phones ring, and worth nothing long after."""


class OutboxRow(msgspec.Struct, kw_only=True):
    """A row of the outbox. Times are unix seconds.

    A row is due when it is owed, `next_at` has passed and no earlier version of the same call is
    owed to the same target.
    """

    id: str
    """The webhook-id: a hash of (target, call, version), so a repeated row is the same row."""
    target: str
    call_id: str
    version: int
    step: Step
    body: str
    created_at: float
    state: OutboxState = "waiting"
    attempts: int = 0
    next_at: float
    first_tried_at: float | None = None
    sent_at: float | None = None
    last_error: str | None = None
    last_status: int | None = None
    """The last HTTP status, None when no answer came."""
