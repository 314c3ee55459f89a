"""The confirmation tone: on the operator's channel only, over a session of its own."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calltrackd.daemon.ami_toner import AmiToner
from tests.daemon.company import Call, office, pbx, settings
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi


class Phone(msgspec.Struct):
    """An operator's channel."""

    name: str
    id: str = "1795000000.12"


PHONE = Phone("PJSIP/101-00000012")


async def test_operator_hears_it_over_a_session_without_events(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """A known key gives one beep, asked for by a second login that reads no events."""
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)])):
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers + call.key_7)
        async with asyncio.timeout(10):
            await ami.wait_for("PlayMF")
    assert [beep["Channel"] for beep in ami.got("PlayMF")] == [call.phone]
    assert [login["Events"] for login in ami.got("Login")][1:] == ["off"]


async def test_no_tone_for_what_is_read_again(tmp_path: Path, ami: FakeAmi) -> None:
    """A key that was pressed before a restart is tagged from the journal in silence."""
    call = Call(1)
    wanted = settings(tmp_path, [pbx(ami)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers + call.key_7)
        await one.until(lambda found: bool(found and found[0]["tags"]))
        await ami.wait_for("PlayMF")
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms", 2)
        await one.daemon._dispatcher.stop(0)  # some turns of the loop
    assert len(ami.got("PlayMF")) == 1


@pytest.fixture
async def toner(ami: FakeAmi) -> Any:
    """A toner of the fake PBX."""
    one = AmiToner(pbx(ami, action_timeout_s=0.1), "playmf")
    yield one
    await one.close()


async def test_refused_login_is_not_tried_again(toner: AmiToner, ami: FakeAmi) -> None:
    """A password that changed meanwhile: one attempt, one line, then silence; no fail2ban."""
    ami.secret = "another"
    with log() as heard:
        toner.confirm(PHONE, known=True)
        assert "refuses" in (await heard.line("tone.not_played"))["reason"]
        assert toner._task is not None
        await asyncio.wait_for(toner._task, 5)
        toner.confirm(PHONE, known=True)
    assert len(ami.got("Login")) == 1


async def test_half_open_session_is_replaced(toner: AmiToner, ami: FakeAmi) -> None:
    """A PBX that answers no more costs that tone; the next one is asked over a new session."""
    ami.mute.add("PlayMF")
    with log() as heard:
        toner.confirm(PHONE, known=True)
        await heard.line("tone.not_played")
        ami.mute.clear()
        toner.confirm(PHONE, known=True)
        async with asyncio.timeout(5):
            await ami.wait_for("PlayMF", 2)
    assert ami.logins == 2


async def test_late_tone_is_dropped(
    toner: AmiToner, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be played for a while would only confuse: it is left out."""
    now = [100.0]
    monkeypatch.setattr("calltrackd.daemon.toner._now", lambda: now[0])
    toner.confirm(Phone("PJSIP/late-00000001"), known=True)
    now[0] += 3.0
    toner.confirm(PHONE, known=True)
    async with asyncio.timeout(5):
        await ami.wait_for("PlayMF")
    assert [beep["Channel"] for beep in ami.got("PlayMF")] == [PHONE.name]


async def test_turned_off_asks_nothing(ami: FakeAmi) -> None:
    """`tone = "off"` opens no session."""
    toner = AmiToner(pbx(ami), "off")
    toner.confirm(PHONE, known=True)
    assert toner._task is None
    await toner.close()
