"""How often a PBX is read.

A PBX writes each event alone: a hundred calls a second on Asterisk are 3,000 writes, and a read
costs 0.2 ms of processor whatever is in it (journal, street, store). So the first event after a
pause is read at once, and what comes within the beat waits in the socket. That holds it: the
fastest source measured, FreeSWITCH, sends 170 KB meanwhile, and one read takes 256 KB.
"""

import asyncio

BEAT_S = 0.02


class Beat:
    """The pace of one connection's reads."""

    def __init__(self, transport: asyncio.ReadTransport) -> None:
        self._transport = transport
        self._over: asyncio.TimerHandle | None = None

    def rest(self) -> None:
        """After a read: leave what comes next in the socket for a beat."""
        self._transport.pause_reading()
        self._over = asyncio.get_running_loop().call_later(BEAT_S, self.end)

    def end(self) -> None:
        """Read again, the beat being over or somebody waiting for a reply."""
        if self._over is not None:
            self._over.cancel()
        self._transport.resume_reading()
