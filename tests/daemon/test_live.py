"""Taps of calls that live: asked for at the answer, one a voice, gone with the call."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from calltrackd.settings import Settings
from calltrackd.settings.speech import LiveSpeech, Speech, VoskModel
from tests.daemon.company import Call, office, pbx, settings
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi


def listening(folder: Path, ami: FakeAmi, **live: Any) -> Settings:
    """A company that hears calls live, with an engine that is never asked for a word here."""
    given = {"enabled": True, "port": 0, **live}
    model = VoskModel(language="ru", model=str(folder / "no model"))
    speech = Speech(enabled=True, live=LiveSpeech(**given), vosk=[model])
    return settings(folder, [pbx(ami)], speech=speech)


async def asked(ami: FakeAmi, times: int) -> list[dict[str, str]]:
    """The taps that the PBX was asked for, once there are so many."""
    async with asyncio.timeout(10):
        await ami.wait_for("Originate", times)
    return ami.got("Originate")


async def test_both_voices_are_tapped_at_the_answer(tmp_path: Path, ami: FakeAmi) -> None:
    """ChanSpy on the client's and on the operator's channel, over a session without events."""
    call = Call(1)
    async with office(listening(tmp_path, ami)):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings)
        ami.send(call.answers)
        taps = await asked(ami, 2)
    assert {tap["Application"] for tap in taps} == {"ChanSpy"}
    assert sorted(tap["Data"] for tap in taps) == [
        f"{call.phone},qoES",
        f"PJSIP/trunk-{1:07x}1,qoES",
    ]
    assert len({tap["Channel"] for tap in taps}) == 2
    assert [login["Events"] for login in ami.got("Login")][1:] == ["off"]


async def test_tap_ends_with_the_call(tmp_path: Path, ami: FakeAmi) -> None:
    """When the call is over its taps are closed, though the PBX has forgotten to."""
    call = Call(1)
    async with office(listening(tmp_path, ami)):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        _, address, uuid = (await asked(ami, 1))[0]["Channel"].split("/")
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x01\x00\x10" + UUID(uuid).bytes)
        ami.send(call.key_7 + call.ends)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_no_more_calls_than_wanted(tmp_path: Path, ami: FakeAmi) -> None:
    """Beyond `most_calls` a call is left to its recording, which is told."""
    with log() as heard:
        async with office(listening(tmp_path, ami, most_calls=1)):
            await ami.wait_for("ConfbridgeListRooms")
            first, second = Call(1), Call(2)
            ami.send(first.rings + first.answers + second.rings + second.answers)
            assert (await heard.line("speech.live_full"))["most_calls"] == 1
            taps = await asked(ami, 2)
    assert len(taps) == 2


async def test_off_by_default(tmp_path: Path, ami: FakeAmi) -> None:
    """Without [speech.live] nothing listens and nothing is asked for."""
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.whole)
        await one.until(lambda found: bool(found and found[0]["outcome"] == "answered"))
        assert one.daemon.live.port is None
    assert ami.got("Originate") == []


async def test_port_that_is_taken_costs_no_call(tmp_path: Path, ami: FakeAmi) -> None:
    """The daemon goes on without live hearing, and says why."""
    taken = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with log() as heard:
        async with office(listening(tmp_path, ami, port=port)) as one:
            line = await heard.line("speech.no_live_port")
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).whole)
            await one.until(lambda found: bool(found and found[0]["outcome"] == "answered"))
    assert line["address"] == f"127.0.0.1:{port}"
    taken.close()
