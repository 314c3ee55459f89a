"""Ended calls that left something to hear, as jobs, queued in the transaction of their end."""

from collections.abc import Iterable, Sequence

from calltrackd.model.call import CallRecord, Change
from calltrackd.store.speech_jobs import NewJob


def jobs_of(records: Iterable[CallRecord], changes: Sequence[Change]) -> list[NewJob]:
    """One job a call for all of its files; its transcript will bear the first one's path.

    What was recorded before an answer is ringing, so a call that nobody answered brings none.
    """
    return [
        NewJob(
            call_id=record.id,
            path=record.recordings[0].path,
            call_started_at=record.started_at,
        )
        for record, change in zip(records, changes, strict=True)
        if change.step == "ended" and record.recordings and record.answered_at is not None
    ]
