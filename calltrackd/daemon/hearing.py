"""What the daemon hears with: child processes, rules, and the jobs that ended calls left.

Without `speech.enabled` there is none of it: no child, no job, no look at the table. A reload of
other rules holds from the next job on; one of `[speech]` itself begins with children of its own,
and what was under way is done again by them.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from functools import partial

import structlog

from calltrackd.crm.target import Target, targets_of
from calltrackd.daemon.jobs import Jobs
from calltrackd.model.call import CallRecord
from calltrackd.model.speech_job import Job
from calltrackd.ops.metrics import Metrics
from calltrackd.pipeline.commit import Committed
from calltrackd.pipeline.recorded import Kept, keep
from calltrackd.settings import Settings
from calltrackd.speech import waits
from calltrackd.speech.finished import Result, finder_of, hear, settle_rules
from calltrackd.speech.pool import Pool
from calltrackd.speech.reading import Reader
from calltrackd.store import calls, speech_jobs
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown

RETRY_S = 1.0

_log = structlog.get_logger(__name__)


class Hearing:
    """`begin` in the daemon's task group, `adopt` at a reload, `stop` at the end (4 s)."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        metrics: Metrics,
        told: Callable[[Committed], None],
    ) -> None:
        """LexiconError or OSError when the lexicon of tone can't be used."""
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._told = told
        self._worker = f"{socket.gethostname()} {settings.state_dir.absolute()}"
        self.pool: Pool | None = None
        """None: speech is not enabled, or the daemon has stopped."""
        self.reader = reader_of(settings)
        """None: speech is not enabled."""
        self._targets: list[Target] = []
        self._jobs: Jobs | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaths = 0
        """Of children of pools that were stopped."""
        metrics.sample("speech_child_deaths", lambda: {(): self._deaths + _deaths(self.pool)})

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Hear from now on, if speech is enabled."""
        settings = self._settings
        self._targets = targets_of(settings)
        if not settings.speech.enabled:
            return
        self.pool = Pool(settings.speech.workers)
        self._jobs = Jobs(self._store, self._worker, self.pool.size, self._do)
        self._task = tasks.create_task(self._jobs.run(), name="speech jobs")

    async def adopt(
        self, settings: Settings, reader: Reader | None, tasks: asyncio.TaskGroup
    ) -> None:
        """Reloaded settings, with what `reader_of` made of them."""
        old, self._settings, self.reader = self._settings, settings, reader
        self._targets = targets_of(settings)
        if _ears(old) != _ears(settings):
            await self.stop()
            self.begin(tasks)

    async def stop(self) -> None:
        """Give back what is under way, end the children."""
        task, pool = self._task, self.pool
        self._task = self._jobs = self.pool = None
        self._deaths += _deaths(pool)
        if task is not None:
            task.cancel()
        ends = [*([task] if task else []), *([pool.stop()] if pool else [])]
        await asyncio.gather(*ends, return_exceptions=True)

    def wake(self) -> None:
        """Calls ended."""
        if self._jobs is not None:
            self._jobs.wake()

    async def measure(self) -> None:
        """Figures of the table; raises StoreDown."""
        if self._settings.speech.enabled:
            async with self._store.read() as conn:
                standing = await speech_jobs.standing(conn)
            self._metrics.speech_standing(standing)

    # -- one job

    async def _do(self, job: Job) -> None:
        pool, reader, settings = self.pool, self.reader, self._settings
        record = await self._record(job.call_id)
        if record is None or pool is None or reader is None:
            return  # forgotten, and its job with it; or stopped, and the job was given back
        rules = settle_rules(settings)
        look = await asyncio.to_thread(
            waits.look, record, finder_of(settings), job.note, time.time(), rules
        )
        if look.look_at is not None:
            await self._wait(job, look, look.look_at)
            return
        began = time.monotonic()
        result = await hear(record, settings, pool, reader)
        kept = await self._keep(job, result)
        if kept is not None:
            self._tell(record, result, kept, time.monotonic() - began)

    async def _record(self, call_id: str) -> CallRecord | None:
        async with self._store.read() as conn:
            return await calls.get(conn, call_id)

    async def _wait(self, job: Job, look: waits.Look, look_at: float) -> None:
        put_back = partial(
            speech_jobs.put_back,
            worker=self._worker,
            job_id=job.id,
            reason=look.reason,
            ready_at=look_at,
            note=look.note,
        )
        await self._store.writer.submit(put_back)
        if job.attempts == 1:
            _log.info("speech.waits", call=job.call_id, reason=look.reason)

    async def _keep(self, job: Job, result: Result) -> Kept | None:
        """Write it, however long the store is away: what was heard is not to be heard again."""
        write = partial(
            keep,
            worker=self._worker,
            job=job,
            result=result,
            targets=self._targets,
            kinds=self._settings.kinds,
            at=time.time(),
        )
        while True:
            try:
                return await self._store.writer.submit(write)
            except StoreDown:
                await asyncio.sleep(RETRY_S)

    def _tell(self, record: CallRecord, result: Result, kept: Kept, took_s: float) -> None:
        self._metrics.speech_jobs.labels(kept.word).inc()
        if kept.word in ("heard", "mapped"):
            self._metrics.speech_audio.inc(result.audio_s)
        log = _log.warning if result.trouble else _log.info
        log(
            f"speech.{kept.word}",
            call=record.id,
            audio_s=round(result.audio_s, 1),
            took_s=round(took_s, 2),
            **_shown(result),
        )
        if kept.committed is not None:
            self._told(kept.committed)


def _shown(result: Result) -> dict[str, object]:
    """What the log says of it."""
    if result.trouble is not None:
        return {"reason": str(result.trouble)}
    if result.read is None:
        return {}
    heard = result.read.transcript
    return {
        "engine": heard.engine,
        "model": heard.model,
        "language": heard.language,
        "words": sum(len(turn.words) for turn in heard.turns),
        "tags": ",".join(match.tag for match in result.read.matches if match.tag),
    }


def reader_of(settings: Settings) -> Reader | None:
    """What reads transcripts; LexiconError or OSError when the lexicon of tone can't be used."""
    return Reader(settings) if settings.speech.enabled else None


def _deaths(pool: Pool | None) -> int:
    return 0 if pool is None else pool.deaths


def _ears(settings: Settings) -> object:
    """What children were started with."""
    return settings.speech, settings.recordings
