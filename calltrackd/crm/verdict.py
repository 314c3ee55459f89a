"""The next state of a row after an attempt (pure)."""

from msgspec.structs import replace

from calltrackd.crm.outcome import Blocked, Delivered, Failed, Late, Outcome, text
from calltrackd.model.outbox import OutboxRow, OutboxState

STALE = "the call was answered or over before this could be sent"


def after_attempt(
    row: OutboxRow, outcome: Outcome, now: float, next_at: float, give_up_s: float
) -> OutboxRow:
    """`row` as it is after `outcome`. `next_at`: when it may be tried again, if it may.

    A row that has been failing for longer than `give_up_s` seconds is dead; Blocked is no attempt.
    """
    if isinstance(outcome, Blocked):
        return replace(row, next_at=next_at, last_error=text(outcome))
    if isinstance(outcome, Late):
        return replace(row, state="dropped", last_error=text(outcome))
    first = row.first_tried_at if row.first_tried_at is not None else now
    tried = replace(
        row, attempts=row.attempts + 1, first_tried_at=first, last_status=outcome.status
    )
    if isinstance(outcome, Delivered):
        return replace(tried, state="sent", sent_at=now, last_error=None)
    if isinstance(outcome, Failed) and now - first < give_up_s:
        state: OutboxState = "unknown" if outcome.unknown else "waiting"
        return replace(tried, state=state, next_at=next_at, last_error=text(outcome))
    return replace(tried, state="dead", last_error=text(outcome))


def stale(row: OutboxRow) -> OutboxRow:
    """A row for ringing phones that nobody needs any more."""
    return replace(row, state="dropped", last_error=STALE)
