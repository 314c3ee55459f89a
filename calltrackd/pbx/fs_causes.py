"""Why a leg that was dialled and not answered ended: Hangup-Cause in the record's words.

Measured: 486 is USER_BUSY, 603 CALL_REJECTED, nobody there NORMAL_TEMPORARY_FAILURE, call_timeout
NO_ANSWER, leg_timeout ALLOTTED_TIMEOUT, the loser of a race LOSE_RACE, picked up elsewhere
PICKED_OFF, the caller gave up ORIGINATOR_CANCEL.
"""

from calltrackd.model.channel import Disposition

ELSEWHERE = 26
"""The cause by which the tracker knows a leg that another phone answered for."""

_DISPOSITIONS: dict[str, Disposition] = {
    "USER_BUSY": "busy",
    "CALL_REJECTED": "rejected",
    "NO_ANSWER": "no_answer",
    "NO_USER_RESPONSE": "no_answer",
    "NO_PICKUP": "no_answer",
    "ALLOTTED_TIMEOUT": "no_answer",
    "PROGRESS_TIMEOUT": "no_answer",
    "RECOVERY_ON_TIMER_EXPIRE": "no_answer",
    "NORMAL_CLEARING": "cancelled",
    "ORIGINATOR_CANCEL": "cancelled",
    "LOSE_RACE": "answered_elsewhere",
    "PICKED_OFF": "answered_elsewhere",
}

_CAUSES = {"LOSE_RACE": ELSEWHERE, "PICKED_OFF": ELSEWHERE, "USER_BUSY": 17, "NO_ANSWER": 19}


def disposition_of(cause: str, said: str = "") -> Disposition:
    """Of a leg that nobody answered; a cause that says nothing of the phone is a failure.

    `said`: its sip_hangup_disposition. What FreeSWITCH itself cancelled did ring.
    """
    return _DISPOSITIONS.get(cause, "cancelled" if said == "send_cancel" else "failed")


def q850(cause: str) -> int:
    """The number, where it says something; 0 else."""
    return _CAUSES.get(cause, 0)
