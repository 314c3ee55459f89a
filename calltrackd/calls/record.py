"""From the gathered state of a call to its record: every derived field, in one place.

The formulas are RECORD.md's; where that leaves a choice, DECISIONS.md of the traces settles it (the
number in brackets).
"""

from collections.abc import Collection
from copy import copy
from typing import Literal

from calltrackd.calls.call import Call
from calltrackd.model.call import CallRecord, HungUpBy, Outcome, Recording, Talk
from calltrackd.model.ids import call_id
from calltrackd.model.numbers import e164, is_hidden


class NumberRules:
    """How raw numbers read: the region of national ones, and which are tracking numbers."""

    def __init__(self, region: str = "RU", tracked: Collection[str] = ()) -> None:
        self.region = region
        self.tracked = frozenset(tracked)

    def adopt(self, other: "NumberRules") -> None:
        """Reloaded settings: records made from now on read numbers so."""
        self.region, self.tracked = other.region, other.tracked

    def e164(self, raw: str) -> str | None:
        """E.164, None when hidden or no number."""
        return e164(raw, self.region)


def record_of(call: Call, pbx: str, numbers: NumberRules, at: float) -> CallRecord:
    """The record as it stands at `at`; nothing in it is shared with the call's state."""
    outcome = outcome_of(call)
    did = _did(call, numbers)
    end = call.ended_at if call.ended_at is not None else at
    talks = [segment.talk(end) for segment in call.segments]
    talk_s = sum(((talk.to or end) - talk.start for talk in talks), start=0.0)
    hold_s = sum((talk.hold_s for talk in talks), start=0.0)
    answer = call.answered_at if call.answered_at is not None else end
    return CallRecord(
        id=call.public_id or call_id(call.started_at, pbx, call.first),
        pbx=pbx,
        direction=call.direction,
        tracked=did in numbers.tracked,
        did=did,
        caller=numbers.e164(call.caller_raw) if call.direction != "internal" else None,
        caller_raw=call.caller_raw or None,
        caller_name=_name(call),
        outcome=outcome,
        lost=call.direction == "inbound" and outcome not in ("answered", "in_progress"),
        abandoned_in=_abandoned_in(call, outcome),
        started_at=call.started_at,
        rang_at=call.rang_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        ivr_s=call.in_ivr.total(end),
        queue_s=call.in_queue.total(end),
        wait_s=_wait(call, end),
        total_wait_s=max(0.0, answer - call.started_at),
        talk_s=talk_s,
        hold_s=hold_s,
        clean_talk_s=talk_s - hold_s,
        duration_s=max(0.0, end - call.started_at),
        hung_up_by=hung_up_by(call),
        queue=call.queue,
        ivr_path=list(call.ivr_path),
        operators=_operators(talks),
        legs=[copy(leg) for leg in call.legs.values()],
        talks=talks,
        transfers=[copy(transfer) for transfer in call.transfers],
        digits=list(call.digits),
        recordings=_recordings(call, end),
        certainty=call.certainty,
        outage_s=call.outage_s,
    )


def outcome_of(call: Call) -> Outcome:
    """What became of the call (DECISIONS 21-23); in_progress while it lives unanswered."""
    if call.answered_at is not None:
        return "answered"
    if call.ended_at is None:
        return "in_progress"
    if call.voicemail_at is not None:
        return "voicemail"
    if call.direction == "outbound":
        return _refusal_of_client(call)
    if call.client_gave_up is not None:
        return "abandoned"
    return _refusal_of_phones(call)


def _refusal_of_client(call: Call) -> Outcome:
    match call.refused_by_client:
        case "busy" | "rejected" | "failed" as refusal:
            return refusal
        case _:
            return "no_answer"


def _refusal_of_phones(call: Call) -> Outcome:
    """Every phone busy: busy; and so on. Mixed refusals: what a later try may mend comes first."""
    verdicts = {leg.disposition for leg in call.legs.values()}
    if not verdicts:
        taken_in = call.up_at is not None or call.queue_entered_at is not None
        return "no_answer" if taken_in else "failed"
    if verdicts <= {"busy", "rejected", "failed"}:
        order: tuple[Literal["busy", "rejected", "failed"], ...] = ("busy", "rejected", "failed")
        return next(verdict for verdict in order if verdict in verdicts)
    return "no_answer"


def hung_up_by(call: Call) -> HungUpBy:
    """Who ended it (DECISIONS 39)."""
    if call.ended_at is None:
        return "unknown"
    if call.hung_up_by is not None:
        return call.hung_up_by
    if call.client_gave_up is not None:
        return "caller"
    return "operator" if call.operator_ended else "pbx"


def _abandoned_in(call: Call, outcome: Outcome) -> Literal["ivr", "queue", "ringing"] | None:
    if outcome != "abandoned":
        return None
    match call.client_gave_up:
        case "queue" | "ivr" as place:
            return place
        case _:
            return "ringing"


def _did(call: Call, numbers: NumberRules) -> str | None:
    if call.direction == "inbound":
        named = call.did_raw if any(map(str.isdigit, call.did_raw)) else None
        return numbers.e164(call.did_raw) or named
    if call.direction == "outbound":
        shown = numbers.e164(call.shown)
        return None if shown == numbers.e164(call.caller_raw) else shown
    return None


def _name(call: Call) -> str | None:
    """A name equal to the number is no name (DECISIONS 12)."""
    name = call.caller_name
    return None if is_hidden(name) or name == call.caller_raw else name


def _wait(call: Call, end: float) -> float:
    """From queue entry or first ring, whichever was first, to the answer, mailbox or end."""
    begins = [t for t in (call.queue_entered_at, call.rang_at) if t is not None]
    if not begins:
        return 0.0
    until = call.answered_at or call.voicemail_at or end
    return max(0.0, until - min(begins))


def _operators(talks: list[Talk]) -> list[str]:
    return list(dict.fromkeys(talk.operator for talk in talks))


def _recordings(call: Call, end: float) -> list[Recording]:
    """None of a call that nobody and nothing answered: its files have no audio (11)."""
    if call.ended_at is not None and call.up_at is None:
        return []
    return [_recording(recording, call, end) for recording in call.recordings]


def _recording(recording: Recording, call: Call, end: float) -> Recording:
    """The file holds audio from the answer on (measured: 3 s ring + 3.3 s talk = 3.32 s file)."""
    if call.up_at is None:
        return copy(recording)
    started = max(recording.started_at, call.up_at)
    lasted = recording.duration_s
    if lasted is None and call.ended_at is not None:
        lasted = max(0.0, end - started)
    return Recording(recording.path, recording.side, started, lasted)
