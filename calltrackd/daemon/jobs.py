"""The loop that claims speech jobs by lease, keeps the leases, and gives back what a stop leaves.

Nothing is remembered here that the table does not know. A daemon that is killed leaves its jobs
leased; its next start releases them, another worker takes them when the lease has run out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from calltrackd.model.speech_job import Job
from calltrackd.store import speech_jobs
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

LEASE_S = 120.0
EXTEND_S = 30.0
IDLE_S = 30.0
"""Another worker's jobs may come free unheard; nobody is told of them."""
RETRY_S = 1.0
"""Pause while the store can't be reached."""
GIVE_BACK_S = 1.0
"""What a stop may spend on it; else the next start releases them."""

_log = structlog.get_logger(__name__)


class Jobs:
    """Up to `room` jobs at once, each by `do`, which writes its own end to the table."""

    def __init__(
        self, store: Store, worker: str, room: int, do: Callable[[Job], Awaitable[None]]
    ) -> None:
        self._store = store
        self._worker = worker
        self._room = room
        self._do = do
        self._running: dict[int, tuple[Job, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Jobs were added."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; what is under way then waits again."""
        extending = asyncio.create_task(self._extend_all(), name="speech leases")
        try:
            await self._patiently(self._release)
            while True:
                self._wake.clear()
                pause = await self._patiently(self._take)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            extending.cancel()
            await self._give_back()

    async def _patiently(self, work: Callable[[], Awaitable[float]]) -> float:
        """Do it when the store can be reached."""
        said = ""
        while True:
            try:
                return await work()
            except StoreDown as error:
                if str(error) != said:
                    _log.warning("speech.store_away", reason=str(error))
                said = str(error)
            await asyncio.sleep(RETRY_S)

    async def _release(self) -> float:
        """What a killed daemon of this name held."""
        now = time.time()
        freed = await self._store.writer.submit(
            lambda conn: speech_jobs.release(conn, self._worker, now)
        )
        if freed:
            _log.info("speech.released", jobs=freed)
        return 0.0

    async def _take(self) -> float:
        """Begin what is due and finds room; seconds until the next look."""
        free = self._room - len(self._running)
        if free <= 0:
            return IDLE_S
        now = time.time()
        taken = await self._store.writer.submit(
            lambda conn: speech_jobs.claim(conn, self._worker, now, LEASE_S, free)
        )
        for job in taken:
            self._begin(job)
        if len(taken) == free:
            return IDLE_S
        async with self._store.read() as conn:
            due = await speech_jobs.next_at(conn)
        return IDLE_S if due is None else min(max(due - time.time(), 0.01), IDLE_S)

    def _begin(self, job: Job) -> None:
        self._lost(job.id)
        task = asyncio.create_task(self._guarded(job), name=f"speech job {job.id}")
        self._running[job.id] = job, task
        task.add_done_callback(lambda done: self._ended(job.id, done))

    def _ended(self, job_id: int, task: asyncio.Task[None]) -> None:
        if self._running.get(job_id, (None, None))[1] is task:
            del self._running[job_id]
        self._wake.set()

    def _lost(self, job_id: int) -> None:
        """The lease ran out, as after a long outage of the store: the job is another's now."""
        if job_id in self._running:
            job, task = self._running.pop(job_id)
            task.cancel()
            _log.warning("speech.lease_lost", call=job.call_id, job=job_id)

    async def _guarded(self, job: Job) -> None:
        """An error of ours counts as a death, so that it is tried again, but not for ever."""
        try:
            await self._do(job)
        except Exception as error:  # noqa: BLE001 - border: other jobs go on
            _log.exception("speech.failed", call=job.call_id, path=job.path)
            reason, now = f"{type(error).__name__}: {error}", time.time()
            with suppress(StoreDown):  # the lease runs out: the same
                await self._store.writer.submit(
                    lambda conn: speech_jobs.died(conn, self._worker, job.id, reason=reason, at=now)
                )

    async def _extend_all(self) -> None:
        while True:
            await asyncio.sleep(EXTEND_S)
            with suppress(StoreDown):
                await self._extend(set(self._running), time.time() + LEASE_S)

    async def _extend(self, ids: set[int], until: float) -> None:
        held = await self._store.writer.submit(
            lambda conn: speech_jobs.extend(conn, self._worker, ids, until)
        )
        for lost in ids - held:
            self._lost(lost)

    async def _give_back(self) -> None:
        """Also what a claim that was cut off leased to us."""
        running = [task for _, task in self._running.values()]
        for task in running:
            task.cancel()
        with suppress(StoreDown, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_S):
                now = time.time()
                await self._store.writer.submit(
                    lambda conn: speech_jobs.leave(conn, self._worker, now)
                )
        await asyncio.gather(*running, return_exceptions=True)
