"""Targets that want to know whose phones ring hear it before anybody picks up."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from calltrackd.daemon.attachment import Attachment
from tests.daemon.company import Call, office, pbx, settings, target
from tests.daemon.test_crash import living
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver

STEPS = ["started", "ringing", "answered", "ended"]


def told(receiver: Receiver) -> list[tuple[str, int]]:
    """Step and version of each event, in order."""
    events: list[dict[str, Any]] = list(receiver.accepted.values())
    return [(event["type"].removeprefix("call."), event["data"]["version"]) for event in events]


async def test_who_wants_it_hears_whose_phones_ring(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """While they do; who has the usual steps hears nothing more than before, of later versions."""
    call = Call(1)
    async with Receiver() as usual:
        targets = [target(receiver, events=STEPS), target(usual, name="usual")]
        async with office(settings(tmp_path, [pbx(ami)], targets)) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(call.rings)
            await receiver.until(lambda r: len(r.accepted) == 2)
            ringing = list(receiver.accepted.values())[-1]["data"]
            ami.send(call.answers)
            await receiver.until(lambda r: len(r.accepted) == 3)
            ami.send(call.ends)
            await receiver.until(lambda r: len(r.accepted) == 4)
            await usual.until(lambda r: len(r.accepted) == 3)
            (record,) = await one.records()
    assert ringing["answered_at"] is None
    assert [(leg["operator"], leg["disposition"]) for leg in ringing["legs"]] == [("101", None)]
    assert told(receiver) == [("started", 1), ("ringing", 2), ("answered", 3), ("ended", 4)]
    assert told(usual) == [("started", 1), ("answered", 3), ("ended", 4)]
    assert record["version"] == 4


async def test_calls_that_a_target_does_not_want_ring_in_silence(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Nothing is stored for nobody: the next version of the record is its answer."""
    wanted = target(receiver, events=STEPS, numbers=["+74999999999"])
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)], [wanted])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings)
        await asyncio.gather(*map(_asked, one.daemon._board))
        ami.send(call.answers)
        (record,) = await one.until(lambda found: [r["outcome"] for r in found] == ["answered"])
    assert record["version"] == 2


async def _asked(attachment: Attachment) -> None:
    """Wait until what rings was looked at."""
    street = attachment.street
    async with asyncio.timeout(10):
        while street.in_progress == 0 or street.tracker.ringing_moved:  # noqa: ASYNC110 - the truth is the tracker
            await asyncio.sleep(0.005)


async def test_a_restart_tells_only_what_rings_since(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """What was told before the kill stands in the store, and is not told a second time."""
    call = Call(1)
    wanted = target(receiver, events=STEPS)
    async with office(settings(tmp_path / "a", [pbx(ami)], [wanted])):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings)
        await receiver.until(lambda r: len(r.accepted) == 2)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with FakeAmi() as again, Receiver(receiver.keys) as later:
        again.items["CoreShowChannels"] = rung(call)
        wanted = target(later, events=STEPS)
        async with office(settings(tmp_path / "b", [pbx(again)], [wanted])) as one:
            await again.wait_for("ConfbridgeListRooms")
            await asyncio.gather(*map(_asked, one.daemon._board))
            again.send(call.answers + call.ends)
            await later.until(lambda r: ("ended", 4) in told(r))
    assert told(receiver)[:2] == [("started", 1), ("ringing", 2)]
    assert [one for one in told(later) if one[1] > 2] == [("answered", 3), ("ended", 4)]


def rung(call: Call) -> list[dict[str, str]]:
    """Both channels of the call as CoreShowChannels lists them while the phone rings."""
    states = {"Dial": "Ring", "AppDial": "Ringing"}
    shown = [{**one, "ChannelStateDesc": states[one["Application"]]} for one in living(call)]
    return [{name: one[name] for name in one if name != "BridgeId"} for one in shown]
