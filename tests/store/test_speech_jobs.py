import asyncio

from calltrackd.store import speech_jobs as jobs
from calltrackd.store.engine import Store
from calltrackd.store.speech_jobs import NewJob, Waiting

from .build import START, on_postgresql, read, record, save, write

LEASE_S = 60.0


async def waiting(store, *numbers, **fields):
    """A job for each of the numbered calls."""
    calls = await save(store, *(record(n) for n in numbers))
    found = [
        NewJob(call_id=call.id, path="a.wav", call_started_at=call.started_at, **fields)
        for call in calls
    ]
    await write(store, jobs.add, found, START)
    return calls


async def claim(store, worker="w", at=START + 1000, limit=1):
    """Jobs leased to the worker."""
    return await write(store, jobs.claim, worker, at, LEASE_S, limit)


async def state(store):
    """Path of each job -> state, newest calls first."""
    return [job.state for job in await read(store, jobs.list_jobs)]


async def test_same_recording_is_one_job(store):
    """Told twice, also after it was done: nothing new."""
    (call,) = await waiting(store, 1)
    again = NewJob(call_id=call.id, path="a.wav", call_started_at=call.started_at)
    assert await write(store, jobs.add, [again], START) == 0
    (job,) = await claim(store)
    assert await write(store, jobs.finish, "w", job.id, START)
    assert await write(store, jobs.add, [again], START) == 0
    assert await claim(store) == []


async def test_live_first_then_newest_calls(store):
    """A tap cannot wait; an old archive can."""
    old, new = await waiting(store, 1, 3)
    (tap,) = await waiting(store, 2, live=True)
    assert [job.call_id for job in await claim(store, limit=9)] == [tap.id, new.id, old.id]


async def test_limit_leaves_the_rest(store):
    """A worker takes what it can do."""
    calls = await waiting(store, 1, 2, 3)
    assert [job.call_id for job in await claim(store, limit=2)] == [calls[2].id, calls[1].id]
    assert [job.call_id for job in await claim(store, limit=2)] == [calls[0].id]


async def test_not_before_its_time(store):
    """A file that may still grow is looked at later."""
    await waiting(store, 1, ready_at=START + 50)
    assert await claim(store, at=START + 49) == []
    assert len(await claim(store, at=START + 50)) == 1


async def test_put_back_waits_without_blame(store):
    """Not its fault: no death is counted, reason and note stay."""
    await waiting(store, 1)
    for attempt in range(1, 6):
        (job,) = await claim(store)
        assert (job.attempts, job.deaths) == (attempt, 0)
        done = write(store, jobs.put_back, "w", job.id, reason="grows", ready_at=START, note="7")
        assert await done
    (job,) = await read(store, jobs.list_jobs)
    assert (job.state, job.reason, job.note, job.worker) == ("waiting", "grows", "7", None)


async def test_third_death_is_poison(store):
    """Two more tries, then it is set aside with its reason, and nobody gets it."""
    await waiting(store, 1)
    states = []
    for _ in range(3):
        (job,) = await claim(store)
        assert await write(store, jobs.died, "w", job.id, reason="SIGSEGV", at=START)
        states += await state(store)
    assert states == ["waiting", "waiting", "aside"]
    assert await claim(store) == []
    (job,) = await read(store, jobs.list_jobs, state="aside")
    assert job.reason == "3 workers died over it: SIGSEGV"


async def test_lease_that_ran_out_is_a_death(store):
    """A lost worker's job goes to another; the lost one's result does not count any more."""
    await waiting(store, 1)
    (job,) = await claim(store, "lost", at=START)
    assert await claim(store, "w", at=START + LEASE_S) == []
    (same,) = await claim(store, "w", at=START + LEASE_S + 1)
    assert (same.id, same.deaths, same.worker) == (job.id, 1, "w")
    assert not await write(store, jobs.finish, "lost", job.id, START)
    assert await write(store, jobs.finish, "w", job.id, START)


async def test_poison_by_lost_workers_is_set_aside(store):
    """What kills the whole worker is stopped as well."""
    await waiting(store, 1)
    for n in range(3):
        assert len(await claim(store, at=START + n * 100)) == 1
    assert await claim(store, at=START + 400) == []
    (job,) = await read(store, jobs.list_jobs)
    assert (job.state, job.reason) == ("aside", "3 workers died over it: its worker was lost")


async def test_lease_is_extended_by_its_holder_only(store):
    """A long job stays with its worker; what it does not hold is not told as held."""
    await waiting(store, 1, 2)
    (mine,) = await claim(store, "w", at=START)
    (other,) = await claim(store, "v", at=START)
    held = await write(store, jobs.extend, "w", [mine.id, other.id], START + 500)
    assert held == {mine.id}
    (taken,) = await claim(store, "x", at=START + 100)
    assert taken.id == other.id


async def test_killed_with_fifty_waiting_and_two_running(store, url):
    """After kill -9 and a restart all 52 are done, each once, without waiting for leases."""
    await waiting(store, *range(1, 53))
    assert len(await claim(store, limit=2)) == 2
    again = await Store.open(url, migrate=False)
    assert await write(again, jobs.release, "w", START) == 2
    done = []
    while found := await claim(again, limit=3):
        for job in found:
            assert await write(again, jobs.finish, "w", job.id, START)
            done.append(job.call_id)
    await again.close()
    assert len(done) == len(set(done)) == 52


async def test_how_the_work_stands(store):
    """Counts by state, and the age of the oldest that waits."""
    assert await read(store, jobs.standing) == Waiting()
    await waiting(store, 1, 2, 3)
    (job,) = await claim(store)
    await write(store, jobs.set_aside, "w", job.id, reason="no audio", at=START)
    await claim(store)
    assert await read(store, jobs.standing) == Waiting(1, 1, 1, START)


async def test_again(store):
    """The admin mended the cause: set-aside jobs begin anew, with no deaths."""
    await waiting(store, 1, 2)
    (job,) = await claim(store)
    await write(store, jobs.set_aside, "w", job.id, reason="no model", at=START)
    assert await write(store, jobs.again, [job.id], START) == 1
    found = {one.id: one for one in await claim(store, limit=2)}
    assert (found[job.id].attempts, found[job.id].reason) == (1, None)


async def test_again_now(store):
    """What waits for its time is due at once; what runs is left to its worker."""
    await waiting(store, 1, 2, ready_at=START + 9000)
    (running,) = await claim(store, at=START + 9000)
    (job,) = [one for one in await read(store, jobs.list_jobs) if one.state == "waiting"]
    assert await write(store, jobs.again, [running.id, job.id], START) == 1
    assert [one.id for one in await claim(store, at=START)] == [job.id]


async def test_drop_ends_what_nobody_will_hear(store):
    """Waiting and set-aside jobs are done, and say so; one that runs is its worker's."""
    await waiting(store, 1, 2, 3)
    (aside,) = await claim(store)
    await write(store, jobs.set_aside, "w", aside.id, reason="no audio", at=START)
    (running,) = await claim(store)
    ids = [one.id for one in await read(store, jobs.list_jobs)]
    assert await write(store, jobs.drop, ids, START + 5) == 2
    found = {one.id: one for one in await read(store, jobs.list_jobs)}
    assert found.pop(running.id).state == "running"
    assert {(one.state, one.reason, one.ended_at) for one in found.values()} == {
        ("done", jobs.DROPPED, START + 5)
    }
    assert await claim(store) == []


async def test_list_of_one_call_and_show(store):
    """By the call's id; by the job's own; None where there is none."""
    first, _ = await waiting(store, 1, 2)
    (job,) = await read(store, jobs.list_jobs, call_id=first.id)
    assert job.call_id == first.id
    assert await read(store, jobs.show, job.id) == job
    assert await read(store, jobs.show, 99) is None


@on_postgresql
async def test_two_workers_never_get_the_same_job(store, url):
    """Claims at the same moment pass each other by."""
    await waiting(store, *range(1, 21))
    other = await Store.open(url, migrate=False)
    found = await asyncio.gather(
        *(claim(one, name) for one, name in [(store, "a"), (other, "b")] * 10)
    )
    await other.close()
    ids = [job.id for part in found for job in part]
    assert len(ids) == len(set(ids)) == 20


async def test_stopped_worker_leaves_its_jobs_without_blame(store):
    """Only its own wait again; nobody died, and what it noted of them stays."""
    await waiting(store, 1, 2)
    (mine,) = await claim(store, "me")
    (theirs,) = await claim(store, "another")
    assert await write(store, jobs.leave, "me", START + 1001) == 1
    found = {job.id: job for job in await read(store, jobs.list_jobs)}
    assert (found[mine.id].state, found[mine.id].deaths, found[mine.id].worker) == (
        "waiting", 0, None,
    )  # fmt: skip
    assert found[theirs.id].state == "running"
    assert not await write(store, jobs.finish, "me", mine.id, START + 1002)


async def test_next_look_is_at_the_next_due_job_or_lost_lease(store):
    """A worker with room can sleep until then."""
    assert await read(store, jobs.next_at) is None
    await waiting(store, 1, ready_at=START + 5000)
    assert await read(store, jobs.next_at) == START + 5000
    await waiting(store, 2)
    await claim(store)
    assert await read(store, jobs.next_at) == START + 1000 + LEASE_S
