"""What a speech job came to, committed with the job's own end."""

from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.target import Target
from calltrackd.model.speech_job import Job
from calltrackd.pipeline import spoken
from calltrackd.pipeline.commit import Committed
from calltrackd.settings import Kinds
from calltrackd.speech.finished import Result, for_good
from calltrackd.speech.reading import Read, alerts_of, tags_of
from calltrackd.speech.talk import talkmap
from calltrackd.store import speech_jobs, talk_maps
from calltrackd.store.transcripts import Stored
from calltrackd.tagging.phrases.match import Heard

FIRST_RETRY_S, LAST_RETRY_S = 30.0, 3600.0
"""Pauses before a server or program that was not there is asked again: each twice the last."""


class Kept(msgspec.Struct):
    """What was written of a job."""

    word: Literal["heard", "mapped", "later", "aside"]
    """`mapped`: no engine is set up for its language; `later`: the engine was not there."""
    committed: Committed | None = None
    """The call's new version, when there is one."""


async def keep(
    conn: AsyncConnection,
    *,
    worker: str,
    job: Job,
    result: Result,
    targets: list[Target],
    kinds: Kinds,
    at: float,
) -> Kept | None:
    """Write what was heard and the job's end in the transaction of `conn`; `at`: unix seconds.

    None: the lease was lost, so what was heard is dropped.
    """
    word = await _settled(conn, worker, job, result, at)
    if word is None:
        return None
    if result.talk is not None:
        drawn = msgspec.json.encode(talkmap.public(result.talk)).decode()
        await talk_maps.save(conn, job.call_id, drawn, at)
    if result.read is None:
        return Kept(word)
    said = _spoken(job, result.since, result.read, at)
    return Kept(word, await spoken.save(conn, said, targets, kinds, at))


async def _settled(
    conn: AsyncConnection, worker: str, job: Job, result: Result, at: float
) -> Literal["heard", "mapped", "later", "aside"] | None:
    """How the job ended; None when it is not this worker's any more."""
    if result.trouble is None:
        held = await speech_jobs.finish(conn, worker, job.id, at)
        return ("mapped" if result.read is None else "heard") if held else None
    reason = str(result.trouble)
    if for_good(result.trouble):
        held = await speech_jobs.set_aside(conn, worker, job.id, reason=reason, at=at)
        return "aside" if held else None
    pause = min(FIRST_RETRY_S * 2 ** min(job.attempts, 16), LAST_RETRY_S)
    held = await speech_jobs.put_back(
        conn, worker, job.id, reason=reason, ready_at=at + pause, note=job.note
    )
    return "later" if held else None


def _spoken(job: Job, since: float, read: Read, at: float) -> spoken.Spoken:
    transcript = read.transcript
    heard = Heard(since=since, engine=transcript.engine, model=transcript.model)
    return spoken.Spoken(
        call_id=job.call_id,
        tags=tags_of(read.matches, heard),
        alerts=alerts_of(read.matches, heard, job.call_id),
        stored=Stored(
            call_id=job.call_id,
            path=job.path,
            heard_from=since,
            made_at=at,
            transcript=transcript,
            findings=read.findings,
        ),
        words=read.words,
    )
