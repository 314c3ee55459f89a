"""How often a PBX is read.

A PBX writes each event alone: a hundred calls a second on Asterisk are 3,000 writes, and a read
costs 0.2 ms of processor whatever is in it (journal, street, store). So the first event after a
pause is read at once, and what comes within the beat waits in the socket. That holds it: the
fastest source measured, FreeSWITCH, sends 170 KB meanwhile, and one read takes 256 KB.
"""

import asyncio

BEAT_S = 0.02


def rest(transport: asyncio.ReadTransport) -> None:
    """Leave what comes next in the socket for a beat; `resume_reading` ends that early."""
    transport.pause_reading()
    asyncio.get_running_loop().call_later(BEAT_S, transport.resume_reading)
