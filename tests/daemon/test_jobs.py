"""The lease loop, with work that the test does by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.daemon import jobs as loop
from calltrackd.daemon.jobs import Jobs
from calltrackd.model.speech_job import Job
from calltrackd.store import speech_jobs
from calltrackd.store.engine import Store
from calltrackd.store.speech_jobs import NewJob
from tests.daemon.company import Outage
from tests.daemon.heard import log
from tests.store.build import START, read, record, save, write


async def add(store: Store, *numbers: int) -> None:
    """A job for each of the numbered calls."""
    found = [
        NewJob(call_id=one.id, path=f"{number}.wav", call_started_at=one.started_at)
        for number, one in zip(
            numbers, await save(store, *(record(number) for number in numbers)), strict=True
        )
    ]
    await write(store, speech_jobs.add, found, START)


@asynccontextmanager
async def working(
    store: Store, do: Callable[[Job], Awaitable[None]], room: int = 1
) -> AsyncIterator[Jobs]:
    """The loop; stopped at the end."""
    jobs = Jobs(store, "me", room, do)
    task = asyncio.create_task(jobs.run())
    try:
        yield jobs
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Work:
    """Finishes jobs, or breaks over some."""

    def __init__(self, store: Store, *, breaks: str = "") -> None:
        self.store = store
        self.breaks = breaks
        self.done: list[str] = []

    async def __call__(self, job: Job) -> None:
        if job.path == self.breaks:
            raise ZeroDivisionError("a bug of ours")
        self.done.append(job.path)
        assert await write(self.store, speech_jobs.finish, "me", job.id, START)


async def states(store: Store) -> dict[str, str]:
    """Path -> state."""
    return {job.path: job.state for job in await read(store, speech_jobs.list_jobs)}


async def taken_over(conn: AsyncConnection) -> None:
    """Another worker has the job, and at no moment nobody has."""
    await speech_jobs.leave(conn, "me", START)
    await speech_jobs.claim(conn, "another", START + 10, 60.0)


async def until(store: Store, wanted: dict[str, str]) -> None:
    """Until the table says so."""
    async with asyncio.timeout(10):
        while await states(store) != wanted:  # noqa: ASYNC110 - the truth is the store
            await asyncio.sleep(0.005)


async def test_newest_call_first_and_each_once(store: Store) -> None:
    """What ended last is what somebody waits for."""
    await add(store, 1, 3, 2)
    work = Work(store)
    async with working(store, work):
        await until(store, {"1.wav": "done", "2.wav": "done", "3.wav": "done"})
    assert work.done == ["3.wav", "2.wav", "1.wav"]


async def test_job_that_comes_later_is_taken_at_once(store: Store) -> None:
    """The loop sleeps while there is nothing, and is woken."""
    work = Work(store)
    async with working(store, work) as jobs:
        await add(store, 1)
        jobs.wake()
        await until(store, {"1.wav": "done"})


async def test_bug_over_a_job_costs_that_job_only(store: Store) -> None:
    """Tried three times, then set aside with the error; the others are done."""
    await add(store, 1, 2)
    with log() as heard:
        async with working(store, Work(store, breaks="2.wav")):
            await until(store, {"1.wav": "done", "2.wav": "aside"})
    assert len(heard.of("speech.failed")) == 3
    (aside,) = await read(store, speech_jobs.list_jobs, state="aside")
    assert "a bug of ours" in str(aside.reason)


async def test_store_that_is_away_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told once; the work goes on when it is back."""
    monkeypatch.setattr(loop, "RETRY_S", 0.01)
    await add(store, 1)
    outage = Outage(store)
    with log() as heard:
        async with working(store, Work(store)):
            async with asyncio.timeout(10):
                while outage.refused < 3:  # noqa: ASYNC110 - counted by the outage
                    await asyncio.sleep(0.005)
            outage.down = False
            await until(store, {"1.wav": "done"})
    assert len(heard.of("speech.store_away")) == 1


async def test_lease_that_another_took_ends_the_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers must not hear one call; whoever lost it lets go."""
    monkeypatch.setattr(loop, "EXTEND_S", 0.02)
    begun, cut = asyncio.Event(), asyncio.Event()

    async def endless(_job: Job) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    await add(store, 1)
    async with working(store, endless), asyncio.timeout(10):
        await begun.wait()
        (job,) = await read(store, speech_jobs.list_jobs)
        await write(store, taken_over)
        await cut.wait()
        (job,) = await read(store, speech_jobs.list_jobs)
    assert (job.worker, job.state) == ("another", "running")


async def test_stop_gives_back_what_is_under_way(store: Store) -> None:
    """It waits again, without blame."""
    begun = asyncio.Event()

    async def endless(_job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await add(store, 1, 2)
    async with working(store, endless), asyncio.timeout(10):
        await begun.wait()
    found = await read(store, speech_jobs.list_jobs)
    assert {(job.state, job.deaths, job.worker) for job in found} == {("waiting", 0, None)}
