"""A bounded number of child processes that turn speech into words.

Files: one a child at a time; a child that has the model loaded already is preferred. Live sessions
lie on the child that has the fewest, and a child feeds them before it goes on with its file. A
child that dies is replaced when one is needed next; the job at which it worked is tried again, and
set aside at the third death. The others of that child go on elsewhere: nothing counts against them.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import structlog

from calltrackd.model.call import Party
from calltrackd.model.transcript import Transcript
from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.child import WORKER, Child, LostError
from calltrackd.speech.engines.plan import Plan
from calltrackd.speech.errors import PoisonedError, RefusedError, UnavailableError
from calltrackd.speech.live import LiveSession
from calltrackd.speech.talk.talkmap import TalkMap
from calltrackd.speech.turns import transcript_of
from calltrackd.speech.wire import Chart, Charted, Listen, Listened, Open, Probe, Probed, Reply

MOST_DEATHS = 3
MOST_TRIES = 10
"""Deaths that were another's fault count as well here, so that nothing is tried for ever."""

log = structlog.get_logger(__name__)


class ChildStatus(NamedTuple):
    """One child, for metrics and people."""

    pid: int
    busy: bool
    sessions: int


class Pool:
    """Up to `size` children, started when they are needed."""

    def __init__(self, size: int, *, command: Sequence[str] = WORKER, nice: int = 10) -> None:
        self.size = size
        self.deaths = 0
        """Children that died, or had to be killed, since the start."""
        self._command = command
        self._nice = nice
        self._numbers = count(1)
        self._children: list[Child] = []
        self._turns = asyncio.Semaphore(size)
        self._starting = asyncio.Lock()
        self._stopped = False

    async def transcribe(
        self,
        plan: Plan,
        language: str,
        tracks: Sequence[Track],
        *,
        limit_s: float,
        phrases: Sequence[str] | None = None,
        mono: Party = "caller",
    ) -> Transcript:
        """The words of a recording; who speaks in a track of no side is told as `mono`.

        Waits while `size` files are under way. RefusedError, PoisonedError, UnavailableError.
        """
        order = Listen(next(self._numbers), plan, language, list(tracks), _list(phrases))
        async with self._turns:
            answer = await self._patiently(order, limit_s)
        assert isinstance(answer, Listened)  # noqa: S101 - that is its answer
        sides = [track.party or mono for track in tracks]
        duration_s = max((track.ends_s for track in tracks), default=0.0)
        return transcript_of(answer, language, sides, duration_s)

    async def talk_map(self, tracks: Sequence[Track]) -> TalkMap:
        """Who speaks when in a recording; needs no engine. The errors are those of `transcribe`."""
        order = Chart(next(self._numbers), list(tracks))
        async with self._turns:
            answer = await self._patiently(order, None)
        assert isinstance(answer, Charted)  # noqa: S101 - that is its answer
        return answer.talk

    async def probe(self, plan: Plan, words: Sequence[str] = ()) -> Probed:
        """Load the engine and look words up. The errors are those of `transcribe`."""
        answer = await self._patiently(Probe(next(self._numbers), plan, list(words)), None)
        assert isinstance(answer, Probed)  # noqa: S101 - that is its answer
        return answer

    async def open(
        self, plan: Plan, language: str, rate: int, phrases: Sequence[str] | None = None
    ) -> LiveSession:
        """A live session for one side of one call, fed with PCM16LE mono of `rate` Hz."""
        order = Open(next(self._numbers), plan, language, rate, _list(phrases))
        session = LiveSession(self, order)
        await session.begin()
        return session

    async def _patiently(self, order: Listen | Probe | Chart, limit_s: float | None) -> Reply:
        deaths = 0
        job = None if isinstance(order, Probe) else order.number
        plan = None if isinstance(order, Chart) else order.plan
        for _ in range(MOST_TRIES):
            child = await self.child(plan, job)
            try:
                return await child.ask(order, limit_s)
            except LostError as lost:
                self.buried(child)
                deaths += lost.culprit in (order.number, None)
                if deaths >= MOST_DEATHS:
                    raise PoisonedError(
                        f"{MOST_DEATHS} child processes died over it: {lost}"
                    ) from None
            finally:
                if job is not None:
                    child.job = None
        raise UnavailableError(f"{MOST_TRIES} child processes died over other jobs")

    async def child(self, plan: Plan | None, job: int | None = None) -> Child:
        """The child that suits a session best, or the file `job`, which takes it for itself.

        A new one is started while there are fewer than `size`. UnavailableError: none comes up.
        """
        async with self._starting:
            if self._stopped:
                raise UnavailableError("the pool is stopped")
            for dead in [one for one in self._children if not one.alive]:
                self.buried(dead)
            free = [one for one in self._children if not _load(one, job)]
            if not free and len(self._children) < self.size:
                free = [await Child.start(self._command, self._nice)]
                self._children += free
            wanted = set() if plan is None else {plan}
            best = min(
                free or self._children, key=lambda one: (_load(one, job), not wanted <= one.plans)
            )
            best.plans |= wanted
            best.job = best.job if job is None else job
            return best

    def buried(self, child: Child) -> None:
        """Count and tell a death once, however many jobs it hit."""
        if child in self._children:
            self._children.remove(child)
            self.deaths += 1
            log.warning("speech child lost", reason=str(child.lost), pid=child.pid)

    def status(self) -> list[ChildStatus]:
        """The children that live."""
        alive = (child for child in self._children if child.alive)
        return [ChildStatus(one.pid, one.job is not None, len(one.sessions)) for one in alive]

    async def stop(self) -> None:
        """End all children; what is under way fails as UnavailableError."""
        self._stopped = True
        async with self._starting:
            children, self._children = self._children, []
        await asyncio.gather(*(child.stop() for child in children))


def _load(child: Child, job: int | None) -> int:
    return len(child.sessions) if job is None else int(child.job is not None)


def _list(phrases: Sequence[str] | None) -> list[str] | None:
    if phrases is None:
        return None
    if isinstance(phrases, str) or not phrases or not all(isinstance(one, str) for one in phrases):
        raise RefusedError("phrases must be a list of texts, one at least; None hears everything")
    return list(phrases)
