"""The end of a call that nobody saw and that no journal can tell: pure."""

from calltrackd.model.call import CallRecord, Change


def closed(record: CallRecord, known_alive_at: float) -> Change:
    """End the stored record of a call in progress as a gap.

    `known_alive_at`: unix seconds of the last sign that the PBX was seen; the end is never before
    a moment that the record itself knows. The record is changed in place.
    """
    end = max([known_alive_at, *_moments(record)])
    record.ended_at, record.certainty, record.hung_up_by = end, "gap", "unknown"
    record.duration_s = end - record.started_at
    if record.outcome == "in_progress":
        record.outcome = "no_answer"
        record.lost = record.direction == "inbound"
        record.total_wait_s = record.duration_s
    for leg in record.legs:
        leg.ended_at = end if leg.ended_at is None else leg.ended_at
        leg.disposition = leg.disposition or "no_answer"
    _end_talks(record, end)
    return Change(record, "ended", end)


def _moments(record: CallRecord) -> list[float]:
    known = [record.started_at, record.rang_at, record.answered_at]
    known += [moment for talk in record.talks for moment in (talk.start, talk.to)]
    return [moment for moment in known if moment is not None]


def _end_talks(record: CallRecord, end: float) -> None:
    for talk in record.talks:
        talk.to = end if talk.to is None else talk.to
    record.talk_s = sum((talk.to or end) - talk.start for talk in record.talks)
    record.clean_talk_s = record.talk_s - record.hold_s
