"""What kills vosk natively kills a child, never the daemon, and never another job."""

import asyncio
from pathlib import Path

import pytest

from calltrackd.speech.audio.tracks import Track
from calltrackd.speech.engines.plan import CommandPlan, VoskPlan
from calltrackd.speech.errors import PoisonedError, RefusedError
from calltrackd.speech.pool import Pool

LIMIT_S = 120.0


def wild_plan(*words: str) -> CommandPlan:
    """An engine that does so."""
    return CommandPlan("wild", words)


@pytest.fixture(autouse=True)
def _model(ru: Path) -> None:
    """The wild ones load it."""


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("empty_grammar", "SIGSEGV"),
        ("grammar_on_the_run", "SIGABRT"),
        ("two_threads", "SIG(ABRT|SEGV)"),
        ("killed", "SIGKILL"),
        ("endless", "hung for more than 2 s"),
        ("lies", "can't be read"),
    ],
)
async def test_job_that_kills_its_child_is_set_aside_at_the_third_death(
    wild: Pool, tracks: list[Track], plan: VoskPlan, deed: str, reason: str
) -> None:
    """With the reason of the last death; the next job finds a new child."""
    with pytest.raises(PoisonedError, match=f"3 child processes died over it: .*{reason}"):
        await wild.transcribe(wild_plan(deed), "ru", tracks, limit_s=LIMIT_S)
    assert wild.deaths == 3
    after = await wild.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
    assert after.turns
    assert wild.deaths == 3


async def test_reason_of_a_native_death_holds_what_the_library_said_last(
    wild: Pool, tracks: list[Track]
) -> None:
    """Kaldi's own line, not only the signal."""
    with pytest.raises(PoisonedError, match=r"(?i)SIGABRT: .*running"):
        await wild.transcribe(wild_plan("grammar_on_the_run"), "ru", tracks, limit_s=LIMIT_S)


async def test_job_whose_child_died_once_is_done_at_the_second_try(
    wild: Pool, tracks: list[Track], tmp_path: Path
) -> None:
    """A death may have been chance: memory, an admin's kill."""
    plan = wild_plan("killed", str(tmp_path / "once"))
    done = await wild.transcribe(plan, "ru", tracks, limit_s=LIMIT_S)
    assert {turn.text for turn in done.turns} == {"survived"}
    assert wild.deaths == 1


async def test_our_own_mistake_ends_the_job_and_not_the_child(
    wild: Pool, tracks: list[Track]
) -> None:
    """The reason names it."""
    with pytest.raises(RefusedError, match="ZeroDivisionError: one by zero"):
        await wild.transcribe(wild_plan("fails"), "ru", tracks, limit_s=LIMIT_S)
    assert wild.deaths == 0


async def test_live_session_outlives_the_death_that_another_job_caused(
    wild: Pool, tracks: list[Track], plan: VoskPlan
) -> None:
    """It goes on in a new child with its own time, and nothing counts against it."""
    live = await wild.open(plan, "ru", 8000)
    poison = asyncio.create_task(
        wild.transcribe(wild_plan("killed"), "ru", tracks, limit_s=LIMIT_S)
    )
    heard = []
    for pcm in tracks[1].pcm(8000, 0.25):
        heard += await live.feed(pcm)
    heard += await live.finish()
    with pytest.raises(PoisonedError):
        await poison
    finals = [one for one in heard if one.kind == "final"]
    assert finals
    assert finals[-1].end > tracks[1].duration_s - 5


async def test_live_session_that_kills_children_is_given_up_at_the_third(wild: Pool) -> None:
    """The tap ends; the call does not."""
    live = await wild.open(wild_plan("killed"), "ru", 8000)
    assert await live.feed(bytes(1600)) == []
    assert await live.feed(bytes(1600)) == []
    with pytest.raises(PoisonedError, match="SIGKILL"):
        await live.feed(bytes(1600))
    with pytest.raises(RefusedError, match="over"):
        await live.feed(bytes(1600))


async def test_job_over_its_time_is_given_up_and_the_child_goes_on(
    pool: Pool, tracks: list[Track], plan: VoskPlan
) -> None:
    """Slow is not dead: no death is counted."""
    await pool.probe(plan)
    with pytest.raises(RefusedError, match="took more than 0 s"):
        await pool.transcribe(plan, "ru", tracks, limit_s=0.01)
    assert (await pool.transcribe(plan, "ru", tracks[:1], limit_s=LIMIT_S)).turns
    assert pool.deaths == 0


async def test_cancelled_job_is_taken_back(pool: Pool, tracks: list[Track], plan: VoskPlan) -> None:
    """Its child is free for the next one at once."""
    await pool.probe(plan)
    job = asyncio.create_task(pool.transcribe(plan, "ru", tracks, limit_s=LIMIT_S))
    while not any(child.busy for child in pool.status()):  # noqa: ASYNC110 - the pool tells nobody
        await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert [child.busy for child in pool.status()] == [False]


async def test_children_are_no_more_than_the_share_of_the_machine(
    pool: Pool, tracks: list[Track], plan: VoskPlan
) -> None:
    """Five jobs, two children."""
    jobs = [pool.transcribe(plan, "ru", tracks[:1], limit_s=LIMIT_S) for _ in range(5)]
    done = await asyncio.gather(*jobs)
    assert len({turn.text for one in done for turn in one.turns}) == len(done[0].turns)
    assert len(pool.status()) == 2
