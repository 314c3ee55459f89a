"""Reads of a socket, coalesced as network cards coalesce their interrupts.

A PBX sends each event by itself: a hundred calls a second are two thousand reads, and a read costs
as much as its three events (a line of the journal, a turn of the loop, a wake-up of everybody). So
the first read after a silence comes at once, and after a read the socket is left to the kernel for
PAUSE_S, whose bytes are one read then. A burst does not wait at all.

The kernel acknowledges what is read, and Asterisk's kernel holds back all but the first of what
nobody has acknowledged (Nagle; measured: events then came up to two pauses late). So the pause ends
with an acknowledgement, and a moment later comes the read.
"""

import asyncio
import socket

PAUSE_S = 0.03
ACKNOWLEDGED_S = 0.001
"""From the acknowledgement to the read: what was held back is there by then, in a LAN too."""
BURST_BYTES = 1 << 16
"""A read so large is followed at once: the kernel holds twice as much, and the fastest source
measured sends 180 KB in a pause."""


class Coalescing:
    """The pauses of one transport's reading."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def read(self, size: int) -> None:
        """So many bytes came and nobody waits for more of them: leave the next to the kernel."""
        if size < BURST_BYTES:
            self._transport.pause_reading()
            self._loop.call_later(PAUSE_S - ACKNOWLEDGED_S, self._acknowledge)

    def _acknowledge(self) -> None:
        if self._transport.is_closing():
            return
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._loop.call_later(ACKNOWLEDGED_S, self._transport.resume_reading)
