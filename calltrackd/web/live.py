"""The live bus: what just changed, for whoever watches; a slow watcher never holds up a call.

Each seat keeps only the latest state of each call that its watcher has not fetched yet. When too
many calls wait, the longest-waiting one is left out and counted: the watcher is told, and can ask
for the calls in progress again.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from calltrackd.model.alert import Alert
from calltrackd.model.call import CallRecord

ROOM = 2000
"""Calls that may wait for one watcher, and alerts; a busy PBX has a few hundred in progress."""


class LinkState(msgspec.Struct, frozen=True):
    """Whether an attachment sees its PBX, and since when (unix seconds)."""

    pbx: str
    up: bool
    since: float


class Batch(msgspec.Struct):
    """What a watcher has not seen yet. All empty: nothing happened in the time it gave."""

    records: list[CallRecord]
    links: list[LinkState]
    """All attachments, when one of them changed."""
    left_out: int = 0
    """Calls whose latest state was dropped since the last batch."""
    alerts: list[Alert] = []
    """What is to be told at once, each once; the oldest are dropped when too many wait."""


class Seat:
    """One watcher's place at the bus."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._records: dict[str, CallRecord] = {}
        self._links: list[LinkState] = []
        self._alerts: deque[Alert] = deque(maxlen=room)
        self._left_out = 0
        self._closed = False
        self._news = asyncio.Event()

    async def take(self, patience_s: float) -> Batch | None:
        """What is new, waiting `patience_s` for it at most; None once closed and all fetched."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            return Batch([], [])
        self._news.clear()
        records, alerts = list(self._records.values()), list(self._alerts)
        batch = Batch(records, self._links, self._left_out, alerts)
        self._records, self._links, self._left_out = {}, [], 0
        self._alerts.clear()
        if self._closed:
            self._news.set()
            return batch if batch.records or batch.alerts else None
        return batch

    def offer(self, record: CallRecord) -> None:
        """Put the call's latest state here; it keeps its turn if an older state waits."""
        if record.id not in self._records and len(self._records) >= self._room:
            del self._records[next(iter(self._records))]
            self._left_out += 1
        self._records[record.id] = record
        self._news.set()

    def alert(self, alert: Alert) -> None:
        """Put it here; unlike states it is not replaced by a later one."""
        self._alerts.append(alert)
        self._news.set()

    def tell_links(self, links: list[LinkState]) -> None:
        """Put the attachments' states here."""
        self._links = links
        self._news.set()

    def close(self) -> None:
        """The bus ends: the watcher is sent home."""
        self._closed = True
        self._news.set()


class LiveBus:
    """Publishes committed records and link states to every seat; costs nothing without one."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._seats: set[Seat] = set()
        self._links: dict[str, LinkState] = {}

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._seats)

    @property
    def links(self) -> list[LinkState]:
        """The attachments' states as last told."""
        return list(self._links.values())

    def publish(self, record: CallRecord) -> None:
        """A call changed and the change is committed. Never blocks, never raises."""
        for seat in self._seats:
            seat.offer(record)

    def alert(self, alert: Alert) -> None:
        """A rule held in a call and that is committed. Never blocks, never raises."""
        for seat in self._seats:
            seat.alert(alert)

    def link(self, pbx: str, *, up: bool, at: float) -> None:
        """The attachment lost or found its PBX at `at` (unix seconds)."""
        self._links[pbx] = LinkState(pbx, up, at)
        self._tell_links()

    def link_gone(self, pbx: str) -> None:
        """The attachment was taken out of the settings."""
        self._links.pop(pbx, None)
        self._tell_links()

    def close(self) -> None:
        """Send all watchers home; the daemon stops."""
        for seat in self._seats:
            seat.close()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """A place for one watcher, for as long as the block lasts."""
        seat = Seat(self._room)
        self._seats.add(seat)
        try:
            yield seat
        finally:
            self._seats.discard(seat)

    def _tell_links(self) -> None:
        for seat in self._seats:
            seat.tell_links(self.links)
