"""From which chunk on what goes on now can be rebuilt.

A call published now may have begun with any channel that lives now (a consultation's, a
callback's), so its origin is the oldest living channel's: a safe bound, kept in O(1), since
channels appear in the order of their chunks. A channel known from a snapshot is rebuilt from its
connection's first chunk, and so is a snapshot of which only a part was read.
"""

from collections import deque
from operator import itemgetter

from calltrackd.model.channel import (
    ChannelEnded,
    ChannelEvent,
    ChannelStarted,
    LinkLost,
    Replaced,
    Snapshot,
)

ENDED_KEPT = 4_096
"""Ids of ended channels: a list made before the hangup may come after it."""
LISTS_S = 60.0
"""Seconds after a login in which its lists come, if this user gets them at all."""
STALE_S = 12 * 3600.0
"""A channel that was not seen for so long after its link was lost is gone: no list ever told."""


class Origins:
    """Follows which channels live, and the chunk with which each began."""

    def __init__(self) -> None:
        self._channels: dict[str, int] = {}
        """The oldest first."""
        self._newest = 0
        self._ended: deque[str] = deque(maxlen=ENDED_KEPT)
        self._frame_began = 0
        self._now = 0
        self._connected = 0
        self._lists_until = 0.0
        """Until then a snapshot may be half read, unix seconds."""
        self._stale: set[str] = set()
        self._lost_at = 0.0

    def connected(self, seq: int, at: float) -> None:
        """A connection begins with this chunk."""
        self._now = self._connected = self._frame_began = seq
        self._lists_until = at + LISTS_S

    def ended(self, seq: int) -> None:
        """The connection ended; what was half read is void."""
        self._now, self._frame_began, self._lists_until = seq, 0, 0.0

    def chunk(self, seq: int, at: float) -> None:
        """The next chunk; the frame cut at its start began in an earlier one."""
        if self._now == 0:
            self.connected(seq, at)  # a recording begins without the mark
        self._now = seq
        if self._frame_began == 0:
            self._frame_began = seq
        if at > self._lists_until:
            self._lists_until = 0.0
        if self._stale and at - self._lost_at > STALE_S:
            self._drop(self._stale)

    def settled(self, *, cut: bool, ended: bool) -> None:
        """The chunk is taken. `cut`: a frame goes on in the next; `ended`: some frame ended."""
        if not cut:
            self._frame_began = 0
        elif ended:
            self._frame_began = self._now

    def see(self, event: ChannelEvent) -> None:
        """Follow which channels live."""
        if isinstance(event, ChannelStarted):
            self._add({event.channel: self._frame_began})
        elif isinstance(event, ChannelEnded):
            self._channels.pop(event.channel, None)
            self._ended.append(event.channel)
        elif isinstance(event, Replaced):
            self._replaced(event)
        elif isinstance(event, Snapshot):
            self._snapshot(event)
        elif isinstance(event, LinkLost):
            self._stale = set(self._channels)
            self._lost_at = event.at

    def first(self) -> int:
        """The oldest chunk that matters to what happens in the present one."""
        return min(self.bound(), self._frame_began or self._now)

    def bound(self) -> int:
        """The oldest chunk that matters to what comes after the present one."""
        bounds = [next(iter(self._channels.values()), self._now + 1)]
        if self._frame_began:
            bounds.append(self._frame_began)
        if self._lists_until:
            bounds.append(self._connected)
        return min(bounds)

    def _replaced(self, event: Replaced) -> None:
        """The one goes on under the id of the other."""
        old = self._channels.get(event.channel)
        if old is not None and old < self._channels.get(event.by, old):
            self._channels.pop(event.by)
            self._add({event.by: old})

    def _snapshot(self, event: Snapshot) -> None:
        self._lists_until = 0.0
        alive = {seen.channel for seen in event.channels}
        self._drop(self._stale - alive)
        unseen = alive - self._channels.keys() - set(self._ended)
        self._add(dict.fromkeys(sorted(unseen), self._connected))

    def _add(self, began: dict[str, int]) -> None:
        for channel, seq in began.items():
            self._channels.setdefault(channel, seq)
        if any(seq < self._newest for seq in began.values()):
            self._channels = dict(sorted(self._channels.items(), key=itemgetter(1)))
        self._newest = max(self._newest, *began.values(), 0)

    def _drop(self, gone: set[str]) -> None:
        for channel in gone:
            self._channels.pop(channel, None)
        self._stale = set()
