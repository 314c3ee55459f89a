"""`calltrackd speech jobs`."""

import json
from typing import Any

import pytest

from calltrackd.model.speech_job import Job
from calltrackd.store import speech_jobs
from calltrackd.store.engine import Store
from calltrackd.store.speech_jobs import NewJob
from tests.cli.conftest import House
from tests.cli.records import START, identity


def stored(house: House) -> dict[int, Job]:
    """Id of each job -> the job."""

    async def job(store: Store) -> dict[int, Job]:
        async with store.read() as conn:
            return {one.id: one for one in await speech_jobs.list_jobs(conn)}

    found: dict[int, Job] = house.store(job)
    return found


def states(house: House) -> dict[int, str]:
    """Id of each job -> its state."""
    return {number: job.state for number, job in stored(house).items()}


@pytest.fixture
def hearing(house: House) -> House:
    """Job 1 was set aside as poison, 2 waits for its file, 3 is done."""

    def new(number: int, **fields: Any) -> NewJob:
        at = START + number
        return NewJob(call_id=identity(number), path=f"{number}.wav", call_started_at=at, **fields)

    jobs = [new(0), new(1, ready_at=START + 9e9), new(2)]

    async def job(store: Store) -> None:
        submit = store.writer.submit
        await submit(lambda conn: speech_jobs.add(conn, jobs, START))
        for _ in range(3):
            await submit(lambda conn: speech_jobs.claim(conn, "w", START, 9.0, 3))
            await submit(
                lambda conn: speech_jobs.died(conn, "w", 1, reason="vosk:\nsegfault", at=START)
            )
        await submit(lambda conn: speech_jobs.finish(conn, "w", 3, START))

    house.store(job)
    return house


def test_list_tells_people_what_happened(hearing: House) -> None:
    """One line a job, newest calls first: why it was set aside, and when one that waits is due."""
    head, done, waits, aside = hearing.run("speech", "jobs", "list").stdout.splitlines()
    assert head.split()[:2] == ["job", "call"]
    assert "done" in done
    assert "due in " in waits
    assert "3 workers died over it: vosk: segfault" in aside


def test_list_filters_by_state_and_call(hearing: House) -> None:
    """JSON bears times as RFC 3339, and not what the worker noted for itself."""
    words = ["list", "--json", "--state", "aside"]
    (line,) = hearing.run("speech", "jobs", *words).stdout.splitlines()
    shown = json.loads(line)
    assert (shown["id"], shown["state"], shown["deaths"]) == (1, "aside", 3)
    assert shown["call_started_at"] == "2026-11-23T08:42:18.000Z"
    assert "note" not in shown
    listed = hearing.run("speech", "jobs", "list", "--json", "--call", identity(1)).stdout
    assert [json.loads(one)["id"] for one in listed.splitlines()] == [2]


def test_list_of_nothing_says_so(hearing: House) -> None:
    """On stderr, so that a pipe stays empty."""
    result = hearing.run("speech", "jobs", "list", "--state", "running")
    assert (result.stdout, result.stderr) == ("", "no job fits\n")


def test_show_tells_all_of_one_job(hearing: House) -> None:
    """Its file, its deaths, its reason on one line; an unknown id is said."""
    shown = hearing.run("speech", "jobs", "show", "1").stdout
    assert "path             0.wav" in shown
    assert "reason           3 workers died over it: vosk: segfault" in shown
    assert json.loads(hearing.run("speech", "jobs", "show", "1", "--json").stdout)["deaths"] == 3
    result = hearing.run("speech", "jobs", "show", "9")
    assert (result.exit_code, "no job has the id 9" in result.stderr) == (1, True)


def test_retry_begins_the_named_jobs_anew(hearing: House) -> None:
    """As if never tried: no death counts any more, and what waited is due at once."""
    result = hearing.run("speech", "jobs", "retry", "1", "2")
    assert result.stdout == "2 calls will be heard again, from within half a minute on\n"
    jobs = stored(hearing)
    assert {(job.state, job.deaths, job.reason) for job in (jobs[1], jobs[2])} == {
        ("waiting", 0, None)
    }
    assert jobs[2].ready_at < START + 9e9


def test_retry_of_all_that_was_set_aside_leaves_the_others(hearing: House) -> None:
    """--aside."""
    assert hearing.run("speech", "jobs", "retry", "--aside").stdout.startswith("1 call will")
    assert states(hearing) == {1: "waiting", 2: "waiting", 3: "done"}
    assert stored(hearing)[2].ready_at == START + 9e9


def test_drop_asks_and_gives_up_for_good(hearing: House) -> None:
    """No: nothing happens. Yes: what was set aside is done, unheard, and says so."""
    assert hearing.run("speech", "jobs", "drop", "--aside", input="n\n").exit_code == 1
    assert states(hearing)[1] == "aside"
    result = hearing.run("speech", "jobs", "drop", "--aside", input="y\n")
    assert "1 job dropped" in result.stdout
    assert (states(hearing)[1], stored(hearing)[1].reason) == ("done", "dropped by hand")


def test_jobs_must_be_named_in_one_way(hearing: House) -> None:
    """Neither ids nor --aside, or both: a usage error, and nothing is changed."""
    for words in ([], ["--aside", "1"]):
        assert hearing.run("speech", "jobs", "retry", *words).exit_code == 2
    assert states(hearing)[1] == "aside"


def test_one_unknown_job_leaves_all_as_they_are(hearing: House) -> None:
    """Exit code 1 and the id that is unknown."""
    result = hearing.run("speech", "jobs", "retry", "1", "9")
    assert (result.exit_code, "no job has the id 9" in result.stderr) == (1, True)
    assert states(hearing)[1] == "aside"
