"""Rules over the record are told while the call lives, once, also over a restart."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from calltrackd.settings.alerts import AlertRule
from tests.daemon.company import Call, office, pbx, settings, target
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver

NOBODY = AlertRule(name="nobody answers", when="no_answer", over_s=0.05)
SHORT = AlertRule(name="dropped", when="hang_up", under_s=600.0)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch over waits looks often."""
    monkeypatch.setattr("calltrackd.daemon.attachment.EVERY_S", 0.01)


async def told(receiver: Receiver, step: str, times: int = 1) -> list[dict[str, Any]]:
    """The events of this step, once there are so many."""
    async with asyncio.timeout(10):
        while len(found := [e for e in events(receiver) if e["type"] == step]) < times:  # noqa: ASYNC110 - the truth is the receiver
            await asyncio.sleep(0.005)
    return found


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """All that the receiver took."""
    return [hit.event for hit in receiver.hits]


async def test_nobody_answers(tmp_path: Path, ami: FakeAmi, receiver: Receiver) -> None:
    """While the phone still rings, with nothing more from the PBX, targets hear the alert."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver)], alert=[NOBODY])
    async with office(wanted):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).rings)
        (event,) = await told(receiver, "call.alert")
    assert event["alert"]["rule"] == "nobody answers"
    assert event["alert"]["evidence"]["seconds"] >= 0.05
    assert event["data"]["outcome"] == "in_progress"
    assert [tag["name"] for tag in event["data"]["tags"]] == ["nobody answers"]


async def test_live_stream_tells_it(tmp_path: Path, ami: FakeAmi) -> None:
    """Who watches the live stream gets the alert as an event of its own."""
    async with office(settings(tmp_path, [pbx(ami)], alert=[NOBODY])) as one:
        with one.daemon._bus.seat() as seat:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).rings)
            alerts: list[Any] = []
            async with asyncio.timeout(10):
                while not alerts:
                    batch = await seat.take(10)
                    assert batch is not None
                    alerts += batch.alerts
    assert [(alert.rule, alert.kind) for alert in alerts] == [("nobody answers", "no_answer")]


async def test_hang_up_is_told_behind_the_end(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """The end of the call comes first, then the alert with the same record."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver)], alert=[SHORT])
    async with office(wanted):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).whole)
        (event,) = await told(receiver, "call.alert")
    steps = [e["type"] for e in events(receiver)]
    assert steps.index("call.ended") < steps.index("call.alert")
    assert event["alert"]["kind"] == "hang_up"
    assert event["data"]["outcome"] == "answered"


async def test_restart_repeats_none(tmp_path: Path, ami: FakeAmi, receiver: Receiver) -> None:
    """What was told before a kill is not told again; what is new is."""
    first, second = Call(1), AlertRule(name="still nobody", when="no_answer", over_s=0.06)
    fields: dict[str, Any] = {"alert": [NOBODY]}
    async with office(settings(tmp_path, [pbx(ami)], [target(receiver)], **fields)) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(first.rings)
        await told(receiver, "call.alert")
        await one.stop()
    ami.items["CoreShowChannels"] = []
    fields = {"alert": [NOBODY, second]}
    async with office(settings(tmp_path, [pbx(ami)], [target(receiver)], **fields)):
        await told(receiver, "call.alert", 2)
    rules = Counter(e["alert"]["rule"] for e in events(receiver) if e["type"] == "call.alert")
    assert rules == {"nobody answers": 1, "still nobody": 1}
