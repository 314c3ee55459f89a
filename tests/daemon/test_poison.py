"""A recording over which child processes die, in a daemon that works."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from calltrackd.daemon import hearing
from calltrackd.daemon import jobs as loop
from calltrackd.model.speech_job import Job
from calltrackd.settings import Settings
from calltrackd.settings.speech import LanguageRule, SpeechCommand
from calltrackd.speech.pool import Pool
from calltrackd.store import speech_jobs
from tests.daemon import audible
from tests.daemon.company import Call, Office, office, pbx, settings
from tests.daemon.heard import log
from tests.daemon.test_hearing import jobs
from tests.fakes.ami import FakeAmi

pytestmark = pytest.mark.waits

KILLER = SpeechCommand(name="killer", languages=["uk"], command=["killed"])
"""An engine of tests/speech/engines/wild.py that ends its child as SIGKILL does."""


@pytest.fixture(autouse=True)
def wild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children in which commands are engines that crash; jobs that come free are seen at once."""
    command = (sys.executable, "-m", "tests.speech.engines.wild")
    monkeypatch.setattr(hearing, "Pool", partial(Pool, command=command))
    monkeypatch.setattr(loop, "IDLE_S", 0.05)


def company(folder: Path, ami: FakeAmi, **speech: Any) -> Settings:
    """It listens to the recordings in `folder`."""
    return settings(folder / "state", [pbx(ami)], **audible.heard(folder / "rec", **speech))


async def until_all(one: Office, wanted: set[str]) -> dict[str, Job]:
    """Jobs by state, once these are the states of all."""
    async with asyncio.timeout(40):
        while (states := {job.state: job for job in await jobs(one)}).keys() != wanted:  # noqa: ASYNC110 - the truth is the store
            await asyncio.sleep(0.01)
    return states


async def test_poison_is_set_aside_others_go_on_and_retry_brings_it_back(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """Three children die over it, not more; mended, it is heard like any other call."""
    poison, other = Call(1, recorded=True), Call(2, recorded=True)
    for call in (poison, other):
        audible.write(tmp_path / "rec", Path(call.recording).name)
    rule = LanguageRule(language="uk", numbers=["+74950000008"])
    deadly = company(tmp_path, ami, command=[KILLER], language_rule=[rule])
    with log() as heard:
        async with office(deadly) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(poison.whole.replace(b"74950000001", b"74950000008") + other.whole)
            states = await until_all(one, {"aside", "done"})
            told = await heard.line("speech.aside")
            page = (await one.daemon._metrics.page()).decode()
            await one.daemon.reload(company(tmp_path, ami))
            aside = states["aside"]
            await one.store.writer.submit(lambda conn: speech_jobs.again(conn, [aside.id], 0.0))
            await until_all(one, {"done"})
            tags = {record["id"]: record["tags"] for record in await one.records()}
    assert aside.reason == told["reason"]
    assert aside.reason == "3 child processes died over it: the child process died of SIGKILL"
    assert (told["call"], states["done"].reason) == (aside.call_id, None)
    assert "calltrackd_speech_child_deaths_total 3.0" in page
    assert "calltrackd_speech_aside 1.0" in page
    assert "refund" in {tag["name"] for tag in tags[aside.call_id]}
