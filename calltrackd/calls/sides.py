"""Whose voice a recording holds, as the recorded channel changes its place in the call.

A PBX says what a channel says and hears. On the channel in the client's place what it says is the
caller's voice; on a phone's channel it is the operator's.
"""

from msgspec.structs import replace

from calltrackd.model.call import Recording
from calltrackd.model.channel import Side

_OTHER: dict[Side, Side] = {"caller": "operator", "operator": "caller", "both": "both"}


def other(side: Side) -> Side:
    """The side across; both stays both."""
    return _OTHER[side]


def turned(recordings: list[Recording]) -> list[Recording]:
    """The phone that was in the client's place is the operator's after all."""
    return [replace(recording, side=other(recording.side)) for recording in recordings]
