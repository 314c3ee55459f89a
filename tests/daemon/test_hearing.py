"""Recorded calls become talk map, transcript, tags and a webhook, after their end."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calltrackd.model.speech_job import Job
from calltrackd.store import speech_jobs, talk_maps, transcripts
from tests.daemon import audible
from tests.daemon.company import Call, Office, office, pbx, settings, target
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver


async def jobs(one: Office) -> list[Job]:
    """All that was ever to be heard."""
    async with one.store.read() as conn:
        return await speech_jobs.list_jobs(conn)


async def once(one: Office, fits: Callable[[Job], bool]) -> Job:
    """The only job, when it fits."""
    async with asyncio.timeout(20):
        while True:
            found = await jobs(one)
            if found and fits(found[0]):
                return found[0]
            await asyncio.sleep(0.01)


def children() -> list[str]:
    """Speech's processes below this one."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in found if "speech" in Path(f"/proc/{pid}/cmdline").read_text()]


def told(receiver: Receiver) -> list[tuple[str, int]]:
    """Type and version of each event."""
    return [(event["type"], event["data"]["version"]) for event in receiver.accepted.values()]


async def test_recorded_call_gets_map_transcript_tag_and_webhook(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """What was said in a call is known a moment after its end, and the CRM is told."""
    call = Call(1, recorded=True)
    audible.write(tmp_path / "rec", Path(call.recording).name)
    wanted = settings(
        tmp_path / "state", [pbx(ami)], [target(receiver)], **audible.heard(tmp_path / "rec")
    )
    with log() as heard:
        async with office(wanted) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(call.whole)
            await receiver.until(lambda r: len(r.accepted) == 5)
            (record,) = await one.records()
            async with one.store.read() as conn:
                (stored,) = await transcripts.of_call(conn, record["id"])
                drawn = (await talk_maps.of_calls(conn, [record["id"]]))[record["id"]]
            page = (await one.daemon._metrics.page()).decode()
            line = await heard.line("speech.heard")
        assert children() == []
    (tag,) = (one for one in record["tags"] if one["source"] == "phrase")
    assert (tag["name"], tag["evidence"]["side"], tag["evidence"]["quote"]) == (
        "refund", "caller", "refund",
    )  # fmt: skip
    assert told(receiver)[-1] == ("call.updated", 5)
    assert stored.transcript.engine == "vosk"
    assert {turn.side for turn in stored.transcript.turns} == {"operator", "caller"}
    assert stored.findings["scripts"][0]["percent"] == 100
    shares: dict[str, float] = msgspec.json.decode(drawn)["shares"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) > 0.3
    assert line["call"] == record["id"]
    assert 'calltrackd_speech_jobs_total{result="heard"} 1.0' in page
    assert "calltrackd_speech_waiting 0.0" in page


async def test_without_speech_nothing_is_heard(tmp_path: Path, ami: FakeAmi) -> None:
    """No job, no child process: the daemon is what it was."""
    call = Call(1, recorded=True)
    async with office(settings(tmp_path / "state", [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        (record,) = await one.until(lambda found: bool(found and found[0]["ended_at"]))
        assert len(record["recordings"]) == 3
        assert await jobs(one) == []
        assert children() == []


async def test_call_without_an_engine_for_its_language_gets_a_talk_map(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """The map needs no language; nothing is new for the CRM."""
    call = Call(1, recorded=True)
    audible.write(tmp_path / "rec", Path(call.recording).name)
    given = audible.heard(tmp_path / "rec", vosk=[])
    async with office(settings(tmp_path / "state", [pbx(ami)], **given)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        job = await once(one, lambda job: job.state == "done")
        (record,) = await one.records()
        async with one.store.read() as conn:
            assert list(await talk_maps.of_calls(conn, [job.call_id])) == [job.call_id]
            assert await transcripts.of_call(conn, job.call_id) == []
    assert record["version"] == 4


async def test_late_recording_is_waited_for(tmp_path: Path, ami: FakeAmi) -> None:
    """A file that comes after the call's end is heard when it is whole."""
    call = Call(1, recorded=True)
    given = audible.heard(tmp_path / "rec", settle_s=0.2)
    async with office(settings(tmp_path / "state", [pbx(ami)], **given)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        job = await once(one, lambda job: job.attempts == 1 and job.state == "waiting")
        assert job.reason is not None
        assert job.reason.endswith("is not there yet")
        audible.write(tmp_path / "rec", Path(call.recording).name, whole=False)
        await once(one, lambda job: job.state == "done")


async def test_recording_that_never_comes_is_set_aside(tmp_path: Path, ami: FakeAmi) -> None:
    """The reason stays for the admin; other calls go on."""
    lost, other = Call(1, recorded=True), Call(2, recorded=True)
    audible.write(tmp_path / "rec", Path(other.recording).name)
    given = audible.heard(tmp_path / "rec", late_h=1e-5)
    with log() as heard:
        async with office(settings(tmp_path / "state", [pbx(ami)], **given)) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(lost.whole + other.whole)
            assert "no such file" in (await heard.line("speech.aside"))["reason"]
            await heard.line("speech.heard")
            states = {job.path: (job.state, job.reason) for job in await jobs(one)}
    assert states[f"{other.recording}.wav"] == ("done", None)
    state, reason = states[f"{lost.recording}.wav"]
    assert (state, "no such file" in str(reason)) == ("aside", True)


async def test_recording_outside_the_folders_is_not_read(tmp_path: Path, ami: FakeAmi) -> None:
    """A path from the PBX is not trusted; the job says so at once."""
    call = Call(1, recorded=True)
    given = audible.heard(tmp_path / "rec")
    del given["recordings"]
    async with office(settings(tmp_path / "state", [pbx(ami)], **given)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        job = await once(one, lambda job: job.state == "aside")
    assert job.reason is not None
    assert "outside the folders of recordings" in job.reason


async def test_model_that_is_not_there_is_told(tmp_path: Path, ami: FakeAmi) -> None:
    """The engine's own words are the reason, and the talk map is kept all the same."""
    call = Call(1, recorded=True)
    audible.write(tmp_path / "rec", Path(call.recording).name)
    wrong = audible.english().model_copy(update={"model": str(tmp_path / "nowhere")})
    given = audible.heard(tmp_path / "rec", vosk=[wrong])
    async with office(settings(tmp_path / "state", [pbx(ami)], **given)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        job = await once(one, lambda job: job.state == "aside")
        async with one.store.read() as conn:
            assert await talk_maps.of_calls(conn, [job.call_id])
    assert "nowhere" in str(job.reason)


async def test_stop_amid_a_job_is_in_time_and_the_job_is_done_again(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """The job waits again without a mark against it; the next start hears the call once."""
    call = Call(1, recorded=True)
    audible.write(tmp_path / "rec", Path(call.recording).name, "ru_coffee_A")
    wanted = settings(tmp_path / "state", [pbx(ami)], **audible.heard(tmp_path / "rec"))
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        await once(one, lambda job: job.state == "running")
        before = time.monotonic()
        await one.stop()
        assert time.monotonic() - before < 10
        (job,) = await jobs(one)
        assert (job.state, job.deaths, job.worker) == ("waiting", 0, None)
        assert children() == []
    async with office(wanted) as one:
        job = await once(one, lambda job: job.state == "done")
        async with one.store.read() as conn:
            assert len(await transcripts.of_call(conn, job.call_id)) == 1


async def test_reload_turns_speech_on_and_off(tmp_path: Path, ami: FakeAmi) -> None:
    """Children come with `speech.enabled` and go with it; calls in between are not heard."""
    first, second = Call(1, recorded=True), Call(2, recorded=True)
    for call in (first, second):
        audible.write(tmp_path / "rec", Path(call.recording).name)
    deaf = settings(tmp_path / "state", [pbx(ami)])
    given: dict[str, Any] = audible.heard(tmp_path / "rec")
    async with office(deaf) as one:
        await ami.wait_for("ConfbridgeListRooms")
        await one.daemon.reload(settings(tmp_path / "state", [pbx(ami)], **given))
        ami.send(first.whole)
        await once(one, lambda job: job.state == "done")
        await one.daemon.reload(deaf)
        assert children() == []
        ami.send(second.whole)
        await one.until(lambda found: len(found) == 2 and found[0]["ended_at"] is not None)
        assert len(await jobs(one)) == 1
