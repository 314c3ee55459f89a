"""The link to a FreeSWITCH: what it asks after the login, and what only it has to say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from calltrackd.pbx.errors import LinkDownError
from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.esl_link import EslAccess, EslLink
from calltrackd.pbx.journal import Journal
from calltrackd.settings import FreeswitchPbx
from tests.fakes.esl import FakeEsl
from tests.pbx.rig import Rig, log


@pytest.fixture
async def esl() -> AsyncIterator[FakeEsl]:
    """An event socket that behaves, until told."""
    async with FakeEsl() as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in an empty folder."""
    journal = Journal(tmp_path, "fs", stream="esl-plain")
    yield journal
    journal.close()


def rig_of(journal: Journal, esl: FakeEsl, **fields: float) -> Rig:
    """A link to it, impatient."""
    rig = Rig(journal, EslCodec)
    given = {"port": esl.port, "secret": "labsecret", "action_timeout_s": 0.2, **fields}
    settings = FreeswitchPbx(kind="freeswitch", name="fs", **given)
    rig.link = EslLink(settings, journal, rig, draw=lambda: 0.0)
    return rig


def talk(number: int) -> list[dict[str, str]]:
    """A client and a phone, as `show channels` lists them."""
    return [
        {"uuid": f"in-{number}", "direction": "inbound"},
        {"uuid": f"out-{number}", "direction": "outbound"},
    ]


async def test_channels_are_dumped(journal: Journal, esl: FakeEsl) -> None:
    """Calls, channels, then each channel's own dump; last those that came in: they complete it."""
    esl.channels = [row for number in range(50) for row in talk(number)]
    esl.dumps = {row["uuid"]: {"Unique-ID": row["uuid"]} for row in esl.channels}
    rig = rig_of(journal, esl)
    async with rig.running():
        await esl.wait_for("uuid_dump", 100)
        await rig.until(b'"Unique-ID": "in-49"')
    asked = esl.commands[esl.commands.index("show calls as json") :]
    assert asked[:2] == ["show calls as json", "show channels as json"]
    wanted = [f"out-{number}" for number in range(50)] + [f"in-{number}" for number in range(50)]
    assert asked[2:] == [f"uuid_dump {uuid} json" for uuid in wanted]


async def test_channel_that_ended_meanwhile_is_normal(journal: Journal, esl: FakeEsl) -> None:
    """Its dump is refused; nobody is warned, and the others are asked for."""
    esl.channels = [*talk(1), *talk(2)]
    esl.dumps = {"in-2": {"Unique-ID": "in-2"}}
    rig = rig_of(journal, esl)
    with log() as heard:
        async with rig.running() as link:
            await rig.until(b'"Unique-ID": "in-2"')
            assert link.up
    assert [line for line in heard.lines if line["log_level"] == "warning"] == []


@pytest.mark.parametrize("how", ["denied", "jobless"])
async def test_poorer_picture_is_told(journal: Journal, esl: FakeEsl, how: str) -> None:
    """A list that is refused or lost is a warning, no reason to hang up."""
    setattr(esl, how, {"show"})
    rig = rig_of(journal, esl)
    with log() as heard:
        async with rig.running() as link:
            await heard.warned.wait()
            assert link.up
    assert "snapshot" in heard.lines[1]["event"]


async def test_unencrypted_network_is_warned_about_once() -> None:
    """The event socket has no TLS; a daemon that says so at every attempt is not read."""
    settings = FreeswitchPbx(
        kind="freeswitch", name="fs", host="192.0.2.1", secret="x", connect_timeout_s=0.01
    )
    access = EslAccess(settings)
    with log() as heard:
        for _ in range(2):
            with contextlib.suppress(LinkDownError):
                await access.connect(lambda _: None)
    assert ["no TLS" in line["event"] for line in heard.lines] == [True]


async def test_heartbeats_alone_do_not_keep_a_link(journal: Journal, esl: FakeEsl) -> None:
    """A FreeSWITCH that tells its heart but answers nothing is left after three timeouts."""
    rig = rig_of(journal, esl, ping_every_s=0.05, ping_timeout_s=0.05)
    async with rig.running():
        esl.mute = {"uptime"}
        while "eof" not in rig.marks_seen:
            esl.tell("HEARTBEAT")
            await asyncio.sleep(0.01)
    assert b"HEARTBEAT" in b"".join(chunk.data for chunk in rig.seen)
