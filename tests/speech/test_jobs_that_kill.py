"""Recordings that kill speech's children, in a whole daemon: the job ends with its reason."""

import asyncio
from pathlib import Path

import pytest

from calltrackd.settings.speech import LanguageRule, SpeechCommand
from calltrackd.speech.pool import Pool
from calltrackd.store import speech_jobs
from calltrackd.store.speech_jobs import Job
from tests.daemon import audible
from tests.daemon.company import Call, Office, office, pbx, settings
from tests.fakes.ami import FakeAmi
from tests.speech import given
from tests.speech.engines.conftest import CACHE, WILD

DEEDS = {
    "empty_grammar": "SIGSEGV",
    "endless": "hung for more than 2 s",
    "fails": "ZeroDivisionError: one by zero",
}
LANGUAGES = ("aa", "ab", "ac")
PATIENCE_S = 120
DID = b"74950000001"


def number(place: int) -> str:
    """The company's number of that language."""
    return f"7495000010{place}"


async def ended(one: Office, count: int) -> list[Job]:
    """The jobs, once all of them came to an end."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with one.store.read() as conn:
                jobs = await speech_jobs.list_jobs(conn)
            if len(jobs) == count and all(job.state in ("done", "aside") for job in jobs):
                return jobs
            await asyncio.sleep(0.05)


async def test_calls_that_crash_the_engine_are_set_aside_and_others_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segmentation fault, endless loop, a mistake of ours: each told, none contagious."""
    given.model("ru", CACHE)
    monkeypatch.setitem(Pool.__init__.__kwdefaults__, "command", WILD)
    calls = [Call(n, recorded=True) for n in range(1, len(DEEDS) + 3)]
    for call in calls:
        audible.write(tmp_path / "rec", Path(call.recording).name)
    speech = audible.heard(
        tmp_path / "rec",
        command=[
            SpeechCommand(name=deed, languages=[language], command=[deed])
            for deed, language in zip(DEEDS, LANGUAGES, strict=True)
        ],
        language_rule=[
            LanguageRule(language=language, numbers=[f"+{number(place)}"])
            for place, language in enumerate(LANGUAGES)
        ],
    )
    async with FakeAmi() as ami, office(settings(tmp_path / "state", [pbx(ami)], **speech)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        for place, call in enumerate(calls[1:-1]):
            ami.send(call.whole.replace(DID, number(place).encode()))
        ami.send(calls[0].whole + calls[-1].whole)
        jobs = {job.path: job for job in await ended(one, len(calls))}
        assert not one.task.done()
        assert len(await one.records()) == len(calls)
    for call, reason in zip(calls[1:-1], DEEDS.values(), strict=True):
        job = jobs[f"{call.recording}.wav"]
        assert (job.state, reason in str(job.reason)) == ("aside", True), job.reason
    assert {jobs[f"{call.recording}.wav"].state for call in (calls[0], calls[-1])} == {"done"}
