"""The daemon on a FreeSWITCH, alone and beside an Asterisk."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from calltrackd.model.call import public
from calltrackd.pipeline.replay import Replay
from calltrackd.settings import Keypad, KeypadMap
from tests.daemon.company import Call, Office, office, pbx, settings, target
from tests.daemon.fs_company import FsCall, core_of, fs
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.esl import FakeEsl
from tests.fakes.receiver import Receiver

KEYS = Keypad(map=[KeypadMap(keys={"5": "sale", "7": "sale"})])
ASKED = "show channels as json"


@pytest.fixture
async def esl() -> AsyncIterator[FakeEsl]:
    """An event socket that behaves, until told."""
    async with FakeEsl() as server:
        server.core = core_of(FsCall(1).whole)
        yield server


def ended(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether so many calls are there and over."""
    return lambda found: len(found) == count and all(call["ended_at"] for call in found)


async def applied(one: Office) -> None:
    """Until the store has taken all that came."""
    await one.until(lambda _: one.daemon._committer._unapplied() == {})


async def test_one_daemon_on_both_makes_at_once(
    tmp_path: Path, ami: FakeAmi, esl: FakeEsl, receiver: Receiver
) -> None:
    """A call here and a call there: two records of one form, each with its PBX's name."""
    wanted = settings(tmp_path, [pbx(ami), fs(esl)], [target(receiver)], keypad=KEYS)
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        await esl.wait_for(ASKED)
        ami.send(Call(1).whole)
        esl.send(FsCall(1).whole)
        records = {record["pbx"]: record for record in await one.until(ended(2))}
        assert "up: hq, branch" in one.daemon._board.status
        await receiver.until(lambda r: len(r.accepted) >= 6)
    assert records.keys() == {"hq", "branch"}
    alike = ("did", "caller", "direction", "outcome", "hung_up_by", "certainty")
    of_hq, of_branch = ([records[name][key] for key in alike] for name in ("hq", "branch"))
    assert of_hq == of_branch
    assert [record["tags"][0]["name"] for record in records.values()] == ["sale", "sale"]
    assert records["branch"]["operators"] == ["1001"]
    assert {event["data"]["pbx"] for event in receiver.accepted.values()} == {"hq", "branch"}


async def test_a_refused_login_leaves_the_other_pbx_alone(
    tmp_path: Path, ami: FakeAmi, esl: FakeEsl
) -> None:
    """The wrong password of one attachment costs the other's calls nothing."""
    esl.secret = "another"
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami), fs(esl)])) as one:
            assert "refuses the password" in (await heard.line("login.refused"))["reason"]
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).whole)
            await one.until(ended(1))
    assert len(esl.got("auth")) == 1


@pytest.mark.parametrize(
    ("key", "tone"),
    [("5", "%(300,0,1200);loops=1"), ("9", "%(120,120,1200);loops=2")],
    ids=["known", "unknown"],
)
async def test_operator_hears_the_tone(tmp_path: Path, esl: FakeEsl, key: str, tone: str) -> None:
    """Mixed into what the operator's own leg hears; one for a known key, two for an unknown one."""
    call = FsCall(1)
    keypad = Keypad(map=[KeypadMap(keys={key: "sale"})], timeout_s=0.1)
    async with office(settings(tmp_path, [fs(esl)], keypad=keypad)) as one:
        await esl.wait_for(ASKED)
        esl.send(call.rings + call.answers + call.key_5)
        await esl.wait_for("uuid_displace")
        await applied(one)
    expected = f"uuid_displace {call.phone} start tone_stream://{tone} 0 mux"
    assert esl.got("uuid_displace") == [expected]


async def test_tone_can_be_turned_off(tmp_path: Path, esl: FakeEsl) -> None:
    """`tone = "off"` asks for nothing."""
    call = FsCall(1)
    keypad = KEYS.model_copy(update={"tone": "off"})
    async with office(settings(tmp_path, [fs(esl)], keypad=keypad)) as one:
        await esl.wait_for(ASKED)
        esl.send(call.whole)
        (record,) = await one.until(ended(1))
    assert record["tags"]
    assert not esl.got("uuid_displace")


async def test_replay_of_the_journal_equals_live(tmp_path: Path, esl: FakeEsl) -> None:
    """A cut link amid one call and a whole call after it: the journal gives the same records."""
    wanted = settings(tmp_path, [fs(esl)], keypad=KEYS)
    cut, whole = FsCall(1), FsCall(2, caller="79160000002")
    async with office(wanted) as one:
        await esl.wait_for(ASKED)
        esl.send(cut.rings + cut.answers + cut.key_5)
        await one.until(lambda found: bool(found and found[0]["tags"]))
        cut.lives_on(esl)
        esl.drop()
        await esl.wait_for(f"uuid_dump {cut.client}")
        esl.send(whole.whole + cut.ends)
        live = await one.until(ended(2))
    replayed = await Replay(wanted).run(sorted((tmp_path / "journal/branch").glob("*.jsonl*")))
    versions = {record["id"]: record.pop("version") for record in live}
    again = {record.id: public(record) for record in replayed}
    assert versions == {call_id: record.pop("version") for call_id, record in again.items()}
    assert again == {record["id"]: record for record in live}
    assert {record["certainty"] for record in live} == {"live", "recovered"}


async def test_call_in_progress_goes_on_after_kill_9(tmp_path: Path, esl: FakeEsl) -> None:
    """Killed while a client talks: after the restart the same call is tagged and ends."""
    call = FsCall(1)
    async with office(settings(tmp_path / "a", [fs(esl)], keypad=KEYS)) as one:
        await esl.wait_for(ASKED)
        esl.send(call.rings + call.answers)
        (before,) = await one.until(lambda found: bool(found and found[0]["answered_at"]))
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with FakeEsl() as again:
        again.core = esl.core
        call.lives_on(again)
        async with office(settings(tmp_path / "b", [fs(again)], keypad=KEYS)) as one:
            await again.wait_for("uuid_dump")
            again.send(call.key_5 + call.ends)
            (record,) = await one.until(ended(1))
    assert record["id"] == before["id"]
    assert (record["certainty"], record["outcome"]) == ("recovered", "answered")
    assert [tag["name"] for tag in record["tags"]] == ["sale"]


async def test_restarted_freeswitch_knows_no_call_any_more(tmp_path: Path, esl: FakeEsl) -> None:
    """Another Core-UUID after the reconnect: what was in progress has an unseen end."""
    call = FsCall(1)
    async with office(settings(tmp_path, [fs(esl)])) as one:
        await esl.wait_for(ASKED)
        esl.send(call.rings + call.answers)
        await one.until(lambda found: bool(found and found[0]["answered_at"]))
        esl.core = "00000000-0000-4000-8000-000000000002"
        esl.drop()
        (record,) = await one.until(ended(1))
    assert (record["certainty"], record["outcome"]) == ("gap", "answered")
