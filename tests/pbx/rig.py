"""A link on a journal, whose sink can be waited for, and the log that it writes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import structlog

from calltrackd.pbx.journal import Journal
from calltrackd.pbx.link import Link
from calltrackd.pbx.stream import Chunk


class Heard:
    """The log, with an event for the first warning."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.warned = asyncio.Event()

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        self.lines.append({**event, "log_level": method})
        if method == "warning":
            self.warned.set()
        raise structlog.DropEvent


@contextlib.contextmanager
def log() -> Iterator[Heard]:
    """What is logged inside."""
    heard = Heard()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [heard]
    try:
        yield heard
    finally:
        processors[:] = before


class Rig:
    """A link's sink. Set `link` before `running`; `codec` makes frames of what came."""

    link: Link[Any]

    def __init__(self, journal: Journal, codec: Any) -> None:
        self.journal = journal
        self.seen: list[Chunk] = []
        self._codec = codec
        self._changed = asyncio.Condition()

    def chunk(self, seq: int, at: float, data: bytes) -> None:
        self._put(Chunk(seq, at, data))

    def lost(self, seq: int, at: float) -> None:
        self._put(Chunk(seq, at, mark="eof"))

    def up(self, seq: int, at: float) -> None:
        self._put(Chunk(seq, at, mark="reconnect"))

    def _put(self, chunk: Chunk) -> None:
        self.seen.append(chunk)
        self._tell = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    @property
    def marks_seen(self) -> list[str]:
        """The marks so far."""
        return [chunk.mark for chunk in self.seen if chunk.mark]

    async def marks(self, *marks: str) -> None:
        """Until the sink has seen these marks."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.marks_seen[: len(marks)] == list(marks))

    async def until(self, text: bytes) -> None:
        """Until the sink has seen these bytes."""
        async with self._changed:
            await self._changed.wait_for(lambda: text in b"".join(c.data for c in self.seen))

    def frames(self) -> list[Any]:
        """All frames, of one connection after the other."""
        codec = self._codec()
        found = []
        for chunk in self.seen:
            if chunk.mark:
                codec.reset()
            found += codec.feed(chunk.data)
        return found

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Link[Any]]:
        """The link runs inside, logged in at least once."""
        task = asyncio.create_task(self.link.run())
        try:
            async with asyncio.timeout(20):
                await self.marks("reconnect")
                yield self.link
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def first_error(self) -> str:
        """Run the link until it logs an error."""
        with log() as heard:
            run = asyncio.create_task(self.link.run())
            await asyncio.wait_for(heard.warned.wait(), 20)
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
        return str(heard.lines[0]["error"])
