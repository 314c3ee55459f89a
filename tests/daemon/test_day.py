"""From the PBX's bytes to the CRM's webhook, and what people see meanwhile."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from calltrackd.settings import Keypad, KeypadMap
from tests.daemon.company import SECRET, SIGNING, Call, office, pbx, settings, target
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver


async def test_call_reaches_the_crm_step_by_step(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Started with its source before the answer, answered, tagged, ended: signed, in order."""
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)], [target(receiver)])):
        await ami.wait_for("ConfbridgeListRooms")
        for part, count in ((call.rings, 1), (call.answers, 2), (call.key_7, 3), (call.ends, 4)):
            ami.send(part)
            await receiver.until(lambda r, n=count: len(r.accepted) == n)
    events = list(receiver.accepted.values())
    assert [event["type"] for event in events] == [
        "call.started", "call.answered", "call.updated", "call.ended",
    ]  # fmt: skip
    assert [event["data"]["version"] for event in events] == [1, 2, 3, 4]
    started, ended = events[0]["data"], events[-1]["data"]
    assert started["source"] == {"source": "google", "campaign": "spring"}
    assert started["kind"] == ["first", "unique"]
    assert started["answered_at"] is None
    assert ended["outcome"] == "answered"
    assert ended["operators"] == ["101"]
    assert [tag["name"] for tag in ended["tags"]] == ["sale"]
    assert receiver.forged == 0


async def test_two_pbxs_with_the_same_channel_ids_never_mix(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Two fresh Asterisks count alike: each call keeps its own phone, ends with its own hangup."""
    here, there = Call(1, "79161110001"), Call(1, "79162220002")
    async with FakeAmi() as other:
        both = settings(tmp_path, [pbx(ami), pbx(other, "branch")], [target(receiver)])
        async with office(both) as one:
            await ami.wait_for("ConfbridgeListRooms")
            await other.wait_for("ConfbridgeListRooms")
            ami.send(here.rings)
            other.send(there.rings)
            await receiver.until(lambda r: len(r.accepted) == 2)
            ami.send(here.answers + here.ends)
            await receiver.until(lambda r: len(r.accepted) == 4)
            records = await one.records()
            assert {(r["pbx"], r["caller"], r["outcome"]) for r in records} == {
                ("hq", "+79161110001", "answered"),
                ("branch", "+79162220002", "in_progress"),
            }
            other.send(there.answers + there.ends)
            await receiver.until(lambda r: len(r.accepted) == 6)
            records = await one.records()
    assert len({record["id"] for record in records}) == 2
    assert {record["outcome"] for record in records} == {"answered"}


async def test_ringing_phone_is_seen_before_the_answer(tmp_path: Path, ami: FakeAmi) -> None:
    """A CRM hears of no ringing; who looks at the open calls or the live stream sees it."""
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        url = f"http://127.0.0.1:{one.daemon.port}/v1/live"
        async with aiohttp.ClientSession() as session, session.get(url) as stream:
            ami.send(call.rings)
            async with asyncio.timeout(10):
                while b'"operator":"101"' not in await stream.content.readline():
                    pass
        _, (seen,) = await one.get("/v1/calls/open")
        assert seen["legs"][0]["operator"] == "101"
        assert seen["legs"][0]["disposition"] is None
        assert seen["version"] == 1
        assert seen["source"]["source"] == "google"
        ami.send(call.answers + call.ends)
        await one.until(lambda found: found[0]["ended_at"] is not None)
        assert await one.get("/v1/calls/open") == (200, [])


async def test_ready_only_with_a_link(tmp_path: Path, ami: FakeAmi) -> None:
    """/readyz is 503 while a PBX can't be reached, and names it."""
    wanted = settings(tmp_path, [pbx(ami, name="branch")])
    ami.mute.add("*")
    async with office(wanted) as one:
        status, page = await one.get("/readyz")
        assert status == 503
        assert page["reasons"] == ["branch: no link"]


async def test_calls_have_their_id_in_the_log_and_secrets_are_nowhere(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Each step of a call is one line with the id; neither password nor signing key is in any."""
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami)], [target(receiver)])) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).whole)
            (record,) = await one.until(lambda found: bool(found) and found[0]["version"] == 4)
    steps = [line for line in heard.lines if line["event"].startswith("call.")]
    assert [line["event"] for line in steps] == [
        "call.started", "call.answered", "call.updated", "call.ended",
    ]  # fmt: skip
    assert {line["call"] for line in steps} == {record["id"]}
    assert SECRET not in repr(heard.lines)
    assert SIGNING not in repr(heard.lines)


async def test_broken_tracker_costs_one_event(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in one event is logged with its traceback, and the next call is followed."""
    monkeypatch.setattr("calltrackd.calls.presses.Presses._digit", lambda *_: 1 / 0)
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami)])) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).whole + Call(2).whole)
            await one.until(lambda found: [r["outcome"] for r in found] == ["answered"] * 2)
    (line,) = heard.of("event.fault")
    assert isinstance(line["exc_info"], ZeroDivisionError)
    kinds = [line["kind"] for line in heard.of("unusable, later ones are only counted")]
    assert kinds == ["event fault in Digit"]


async def test_pause_between_keys_is_settled_without_another_event(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """Where 71 is a tag too, 7 counts once the pause is over, though the PBX says nothing."""
    keypad = Keypad(timeout_s=0.1, map=[KeypadMap(keys={"7": "sale", "71": "repair"})])
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)], keypad=keypad)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers + call.key_7)
        (record,) = await one.until(lambda found: bool(found and found[0]["tags"]))
    assert [tag["name"] for tag in record["tags"]] == ["sale"]
    assert record["ended_at"] is None
