"""Between socket and consumer: chunks in order, in bounded memory, and the socket never waits.

What the consumer has not taken yet stays in memory up to a budget. What comes beyond is not kept,
since the journal has it already: only its numbers are remembered, and it is read back from there
when its turn comes. So a stalled store or a burst costs disk reads, never memory or the link.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator

import msgspec

from calltrackd.pbx.journal import Journal, JournalError
from calltrackd.pbx.stream import Chunk

BUDGET = 8 << 20
"""Bytes: a good second of the fastest source measured (6 MB/s)."""
_BATCH = 1 << 18
"""Bytes read back at once."""


class _Spilled(msgspec.Struct):
    """Numbers, both included, of chunks that only the journal has."""

    first: int
    last: int


class Intake:
    """A Sink for a Link, and an async iterator of its chunks and marks for one consumer.

    `budget`: bytes of chunks kept in memory. After `close` the iterator ends when all is taken.
    """

    def __init__(self, journal: Journal, budget: int = BUDGET) -> None:
        self._journal = journal
        self._budget = budget
        self._waiting: deque[Chunk | _Spilled] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self.held = 0
        """Bytes in memory now."""
        self.spilled = 0
        """Chunks that had to be read back from the journal, in all."""

    # -- what a Link calls

    def chunk(self, seq: int, at: float, data: bytes) -> None:
        """One socket read, already in the journal."""
        self._put(Chunk(seq, at, data))

    def lost(self, seq: int, at: float) -> None:
        """The connection ended."""
        self._put(Chunk(seq, at, mark="eof"))

    def up(self, seq: int, at: float) -> None:
        """Logged in on a new connection."""
        self._put(Chunk(seq, at, mark="reconnect"))

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._ready.set()

    def _put(self, chunk: Chunk) -> None:
        newest = self._waiting[-1] if self._waiting else None
        if isinstance(newest, _Spilled) and self.held > self._budget // 2:
            newest.last = chunk.seq  # go on spilling until there is room for a good while
            self.spilled += 1
        elif self.held + len(chunk.data) > self._budget:
            self._waiting.append(_Spilled(chunk.seq, chunk.seq))
            self.spilled += 1
        else:
            self._waiting.append(chunk)
            self.held += len(chunk.data)
        self._ready.set()

    # -- what the consumer takes

    @property
    def behind(self) -> int:
        """Chunks that wait for the consumer."""
        return sum(
            item.last - item.first + 1 if isinstance(item, _Spilled) else 1
            for item in self._waiting
        )

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        while True:
            while not self._waiting:
                if self._closed:
                    return
                self._ready.clear()
                await self._ready.wait()
            item = self._waiting[0]
            if isinstance(item, _Spilled):
                async for chunk in self._read_back(item):
                    yield chunk
                self._waiting.popleft()
            else:
                self._waiting.popleft()
                self.held -= len(item.data)
                yield item

    async def _read_back(self, item: _Spilled) -> AsyncIterator[Chunk]:
        """The item shrinks as it is taken, so a consumer that is cancelled leaves the rest in it.

        JournalError when the journal has lost one of the chunks: going on would be a silent gap.
        """
        while item.first <= item.last:
            begin, chunks = item.first, self._journal.read(item.first)
            while item.first <= item.last and (
                batch := await asyncio.to_thread(_batch, chunks, item.last)
            ):
                for chunk in batch:
                    if chunk.seq != item.first:
                        raise self._missing(item.first)
                    item.first += 1
                    yield chunk
            if item.first == begin:
                raise self._missing(begin)

    def _missing(self, seq: int) -> JournalError:
        return JournalError(f"{self._journal.folder}: chunk {seq} can't be read back")


def _batch(chunks: Iterator[Chunk], last: int) -> list[Chunk]:
    """The next chunks, up to the batch size or the number `last`."""
    batch: list[Chunk] = []
    size = 0
    for chunk in chunks:
        batch.append(chunk)
        size += len(chunk.data)
        if chunk.seq >= last or size >= _BATCH:
            break
    return batch
