"""What a speech job came to, and its own end, in one transaction."""

import pytest

from calltrackd.crm.target import HookTarget
from calltrackd.model.call import Change, Recording
from calltrackd.model.speech_job import Job
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.pipeline.queued import jobs_of
from calltrackd.pipeline.recorded import Kept, keep
from calltrackd.settings import Settings
from calltrackd.speech.errors import PoisonedError, RefusedError, SpeechError, UnavailableError
from calltrackd.speech.finished import Result
from calltrackd.speech.reading import Reader
from calltrackd.store import calls, outbox, speech_jobs, transcripts
from calltrackd.store.engine import Store
from tests.store.build import START, read, record, write

TARGETS = [HookTarget(name="crm", url="https://crm.example/hook")]
SETTINGS = Settings()


async def claimed(store: Store) -> Job:
    """The job of a call that ended, held by "me"."""
    one = record(answered_at=START + 65, ended_at=START + 90)
    one.recordings = [Recording("/rec/1.wav", "both", START + 65)]
    change = Change(one, "ended", START + 90)
    await write(store, calls.save, [change], {})
    await write(store, speech_jobs.add, jobs_of([one], [change]), START)
    (job,) = await write(store, speech_jobs.claim, "me", START, 60.0)
    return job


def heard(trouble: SpeechError | None = None) -> Result:
    """A word, or trouble."""
    turn = Turn("caller", 1.0, 2.0, "hello", 1.0, [])
    transcript = Transcript("vosk", "model", "en", 3.0, [turn])
    read_ = Reader(SETTINGS).read(transcript, None, None) if trouble is None else None
    return Result(START, 3.0, read=read_, trouble=trouble)


async def kept(store: Store, job: Job, result: Result, worker: str = "me") -> Kept | None:
    """Written at START + 100."""
    return await write(
        store,
        keep,
        worker=worker,
        job=job,
        result=result,
        targets=TARGETS,
        kinds=SETTINGS.kinds,
        at=START + 100,
    )


async def test_what_was_heard_ends_the_job_and_tells_the_target(store: Store) -> None:
    """Transcript, next version, delivery and the job's end come together."""
    job = await claimed(store)
    done = await kept(store, job, heard())
    assert done is not None
    assert done.word == "heard"
    (row,) = await read(store, outbox.list_rows)
    assert (row.step, row.version) == ("updated", 2)
    (stored,) = await read(store, transcripts.of_call, job.call_id)
    assert stored.path == "/rec/1.wav"
    (job,) = await read(store, speech_jobs.list_jobs)
    assert job.state == "done"


async def test_result_without_the_lease_is_dropped(store: Store) -> None:
    """Another worker has the job now: nothing is written twice."""
    job = await claimed(store)
    assert await kept(store, job, heard(), worker="somebody else") is None
    assert await read(store, transcripts.of_call, job.call_id) == []
    assert await read(store, outbox.list_rows) == []


@pytest.mark.parametrize(
    ("trouble", "word", "state"),
    [
        (RefusedError("no such model"), "aside", "aside"),
        (PoisonedError("3 child processes died over it"), "aside", "aside"),
        (UnavailableError("the server is away"), "later", "waiting"),
    ],
)
async def test_trouble_is_kept_with_its_reason(
    store: Store, trouble: SpeechError, word: str, state: str
) -> None:
    """What fails again is set aside at once; what may work later waits."""
    job = await claimed(store)
    done = await kept(store, job, heard(trouble))
    assert done == Kept(word)  # type: ignore[arg-type]
    (after,) = await read(store, speech_jobs.list_jobs)
    assert (after.state, after.reason) == (state, str(trouble))
    assert await read(store, outbox.list_rows) == []


async def test_unanswered_and_unrecorded_calls_bring_no_job() -> None:
    """There is nothing to hear but ringing."""
    silent = record(1, answered_at=START + 65)
    ringing = record(2)
    ringing.recordings = [Recording("/rec/2.wav", "both", START)]
    changes = [Change(one, "ended", START) for one in (silent, ringing)]
    assert jobs_of([silent, ringing], changes) == []
