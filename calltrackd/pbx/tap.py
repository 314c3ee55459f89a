"""Asterisk 18 and later: what a channel says, sent to us, by AMI alone.

Measured on 22.10: ChanSpy on an AudioSocket channel connects in 1-2 ms, the first audio comes after
120 ms, 20 ms at a time, of that channel's voice only; it costs some 19 events. Nobody in the call
hears anything. Asterisk 16 has no AudioSocket.
"""

import re
from uuid import UUID

from calltrackd.pbx.tone import Action

GREETING = re.compile(r"Asterisk Call Manager/(\d+)\.")
FIRST_AMI = 7
"""Asterisk 18 greets as 7.0.x; 16 as 5.0.x, 22 as 11.0.x (measured)."""


def can_tap(greeting: str) -> bool:
    """Whether the Asterisk that greets so may have AudioSocket; an unknown version may."""
    found = GREETING.match(greeting)
    return found is None or int(found[1]) >= FIRST_AMI


def tap(channel: str, address: str, uuid: UUID) -> Action:
    """Have the voice of `channel` (`PJSIP/101-0000002a`) brought to `address` (host:port).

    ChanSpy: q no beep, o only what the channel says, E and S end with it.
    """
    fields = {
        "Channel": f"AudioSocket/{address}/{uuid}",
        "Application": "ChanSpy",
        "Data": f"{channel},qoES",
        "Async": "true",
    }
    return "Originate", fields
