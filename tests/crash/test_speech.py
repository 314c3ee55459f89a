"""Killed with -9 while recordings wait and are being heard: each is heard, once."""

import asyncio
import base64
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import soundfile

from calltrackd.model.call import Change, Recording
from calltrackd.pipeline.queued import jobs_of
from calltrackd.store import calls, speech_jobs, talk_maps, transcripts
from calltrackd.store.calls import CallFilter
from calltrackd.store.engine import Store
from tests.daemon.audible import LONG_AGO, english
from tests.daemon.company import SIGNING
from tests.daemon.test_process import written
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver
from tests.speech import given
from tests.store.build import read, record, write

pytestmark = pytest.mark.waits

T = TypeVar("T")
WAITING, RUNNING = 50, 2
SPOKEN = (16.2, 19.5)
"""Seconds of en_coffee_A: "this is too expensive i want a refund"."""
KEY = base64.b64decode(SIGNING.removeprefix("whsec_"))
SPEECH = """
[speech]
enabled = true
language = "en"
share = {share}
[[speech.vosk]]
language = "en"
model = "{model}"
[recordings]
folders = ["{folder}"]
[[phrase]]
name = "refund"
match = "refund"
"""


async def furnish(folder: Path, store: Store) -> None:
    """Ended calls with a recording each, and their jobs, as a daemon committed them."""
    recordings = folder / "rec"
    recordings.mkdir()
    samples, rate = soundfile.read(given.call("en_coffee_A"), dtype="int16")
    begin, end = (round(second * rate) for second in SPOKEN)
    changes = []
    for number in range(WAITING + RUNNING):
        path = recordings / f"{number}.wav"
        soundfile.write(path, samples[begin:end, ::-1], rate, subtype="PCM_16")
        os.utime(path, (LONG_AGO, LONG_AGO))
        one = record(number)
        one.answered_at, one.ended_at = one.started_at + 5, one.started_at + 5 + end / rate
        one.recordings = [Recording(str(path), "both", one.answered_at)]
        changes.append(Change(one, "ended", one.ended_at))
    records = await write(store, calls.save, changes, {})
    await write(store, speech_jobs.add, jobs_of(records, changes), LONG_AGO)


@asynccontextmanager
async def running(config: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`calltrackd run`; killed at the end if it still runs."""
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "calltrackd", "run", "-c", str(config), stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until(ask: Callable[[], Awaitable[T]], fits: Callable[[T], bool], patience_s: float) -> T:
    """Ask until it fits. TimeoutError."""
    async with asyncio.timeout(patience_s):
        while not fits(found := await ask()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
    return found


def children(pid: int) -> list[Path]:
    """The processes below it, as folders that vanish with them."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path("/proc") / child for child in found]


async def test_killed_with_recordings_waiting_and_running(tmp_path: Path) -> None:
    """50 wait and 2 run: after the restart all 52 are heard, each told to the CRM once."""
    share = RUNNING / (os.cpu_count() or 1)
    text = SPEECH.format(share=share, model=english().model, folder=tmp_path / "rec")
    (tmp_path / "state").mkdir()
    store = await Store.open(f"sqlite:///{tmp_path}/state/calltrackd.db")
    try:
        await furnish(tmp_path, store)
        async with FakeAmi() as ami, Receiver((KEY,)) as receiver:
            config = written(tmp_path, ami, receiver, text)
            await _killed(config, tmp_path / "log", store)
            await _done(config, tmp_path / "log", store)
            await receiver.until(lambda r: len(r.accepted) == WAITING + RUNNING)
            told = Counter(event["data"]["version"] for event in receiver.accepted.values())
        await _heard_once(store)
    finally:
        await store.close()
    assert told == {2: WAITING + RUNNING}


async def _killed(config: Path, log: Path, store: Store) -> None:
    async with running(config, log) as process:
        standing = await until(
            lambda: read(store, speech_jobs.standing), lambda found: found.running == RUNNING, 30
        )
        below = children(process.pid)
        process.kill()
        await process.wait()
    assert (standing.waiting, standing.running) == (WAITING, RUNNING)

    async def left() -> list[Path]:
        return [child for child in below if child.exists()]

    assert await until(left, lambda found: not found, 10) == []


async def _done(config: Path, log: Path, store: Store) -> None:
    async with running(config, log) as process:
        await until(
            lambda: read(store, speech_jobs.standing),
            lambda found: found.waiting == found.running == 0,
            60,
        )
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 12) == 0


async def _heard_once(store: Store) -> None:
    jobs = await read(store, speech_jobs.list_jobs, limit=1000)
    assert Counter(job.state for job in jobs) == {"done": WAITING + RUNNING}
    assert sorted(job.attempts for job in jobs) == [1] * WAITING + [2] * RUNNING
    records = await read(store, calls.list_calls, CallFilter(), 1000)
    assert [[tag.name for tag in one.tags] for one in records] == [["refund"]] * len(jobs)
    assert {one.version for one in records} == {2}
    ids = [one.id for one in records]
    assert len(await read(store, talk_maps.of_calls, ids)) == len(jobs)
    for call_id in ids:
        assert len(await read(store, transcripts.of_call, call_id)) == 1
