"""From the PBX's bytes to the CRM's webhook, and what people see meanwhile."""

from pathlib import Path

from tests.daemon.company import Call, office, pbx, settings, target
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
