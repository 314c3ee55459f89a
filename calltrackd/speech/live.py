"""A live session as the daemon holds it: it outlives the child in which it runs."""

import asyncio
from typing import TYPE_CHECKING

from calltrackd.speech.child import Child, LostError
from calltrackd.speech.engines.base import Heard, moved
from calltrackd.speech.errors import PoisonedError, RefusedError, SpeechError
from calltrackd.speech.wire import Drop, Feed, Finish, Open, Request, Said

if TYPE_CHECKING:
    from calltrackd.speech.pool import Pool

MOST_DEATHS = 3
SAMPLE_BYTES = 2
MOST_FEED_S = 60
"""Seconds of samples that may come at once."""


class LiveSession:
    """One side of one call. Seconds count from its first sample, over deaths of children too."""

    def __init__(self, pool: "Pool", order: Open) -> None:
        if not 8_000 <= order.rate <= 96_000:  # rate 0 makes engines loop for ever
            raise RefusedError(f"{order.rate} Hz is no rate of speech")
        self._pool = pool
        self._order = order
        self._lock = asyncio.Lock()
        self._child: Child | None = None
        self._deaths = 0
        self._fed = 0
        """Samples since the session's beginning."""
        self._base_s = 0.0
        """Where the child's time began."""
        self._over = False

    async def begin(self) -> None:
        """Open it in a child; called by the pool. The errors are the pool's."""
        async with self._lock:
            try:
                await self._reopen()
            except LostError as lost:
                await self._survive(lost)

    async def feed(self, pcm: bytes) -> list[Heard]:
        """What is heard now. Nothing, when the child died over something else just now."""
        if len(pcm) > MOST_FEED_S * self._order.rate * SAMPLE_BYTES:
            raise RefusedError(f"more than {MOST_FEED_S} s of samples at once")
        if len(pcm) % SAMPLE_BYTES:
            raise RefusedError("half a sample")
        async with self._lock:
            self._fed += len(pcm) // SAMPLE_BYTES
            return await self._asked(Feed(self._order.number, pcm))

    async def finish(self) -> list[Heard]:
        """The rest; the session is over."""
        async with self._lock:
            heard = [] if self._over else await self._asked(Finish(self._order.number))
            self._leave()
            return heard

    async def drop(self) -> None:
        """Give the session up, whatever there is still to hear."""
        async with self._lock:
            child = self._child
            self._leave()
            if child is not None and child.alive:
                try:
                    await child.ask(Drop(self._order.number))
                except LostError:
                    self._pool.buried(child)

    async def _asked(self, request: Request) -> list[Heard]:
        if self._over or self._child is None:
            raise RefusedError("the session is over")
        try:
            answer = await self._child.ask(request)
        except LostError as lost:
            await self._survive(lost)
            return []
        except SpeechError:
            self._leave()
            raise
        assert isinstance(answer, Said)  # noqa: S101 - that is its answer
        return [moved(one, self._base_s) for one in answer.heard]

    async def _survive(self, lost: LostError) -> None:
        """Go on in another child, unless it was this session that kills them."""
        while True:
            self._mourn(lost)
            try:
                await self._reopen()
            except LostError as again:
                lost = again
            else:
                return

    def _mourn(self, lost: LostError) -> None:
        child = self._child
        self._leave()
        self._over = False
        if child is not None:
            self._pool.buried(child)
        self._deaths += lost.culprit in (self._order.number, None)
        if self._deaths >= MOST_DEATHS:
            self._over = True
            raise PoisonedError(f"{MOST_DEATHS} child processes died over it: {lost}")

    async def _reopen(self) -> None:
        self._child = await self._pool.child(self._order.plan)
        self._child.sessions.add(self._order.number)
        self._base_s = self._fed / self._order.rate
        try:
            await self._child.ask(self._order)
        except SpeechError:
            self._leave()
            raise

    def _leave(self) -> None:
        self._over = True
        if self._child is not None:
            self._child.sessions.discard(self._order.number)
            self._child = None
