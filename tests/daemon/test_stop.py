"""A stop is in order, within its deadline, and loses nothing whoever hangs."""

import asyncio
import time
from pathlib import Path

import pytest

from calltrackd.daemon.core import NoAttachmentLeftError
from calltrackd.pbx.journal import Journal, JournalError
from tests.crm.conftest import until
from tests.daemon.company import Call, Outage, office, pbx, settings, target
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Fault, Receiver

PATIENCE_S = 10.0
"""What systemd and the settings' promise leave for all of it."""


async def test_hanging_receiver_holds_up_nothing(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Requests without an answer are given up in time and sent again by the next start."""
    receiver.always = Fault(hang=True)
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).whole)
        await receiver.until(lambda r: len(r.hits) == 1)
        before = time.monotonic()
        await one.stop()
        assert time.monotonic() - before < PATIENCE_S
    receiver.always = None
    async with office(wanted):
        await receiver.until(lambda r: len(r.accepted) == 4)
    assert [event["data"]["version"] for event in receiver.accepted.values()] == [1, 2, 3, 4]


async def test_store_that_is_down_leaves_it_to_the_journal(tmp_path: Path, ami: FakeAmi) -> None:
    """What could not be committed at the stop is committed at the next start, once."""
    ami.denied |= {"CoreShowChannels", "Status"}  # no list that tells what is gone
    wanted = settings(tmp_path, [pbx(ami)])
    with log() as heard:
        async with office(wanted) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).rings)
            await one.until(bool)
            outage = Outage(one.store)
            ami.send(Call(1).answers + Call(1).ends + Call(2).rings)
            await heard.line("store.cannot_write")
            assert (await one.get("/readyz"))[1]["reasons"] == ["store: the disk is on holiday"]
            before = time.monotonic()
            await one.stop()
            assert time.monotonic() - before < PATIENCE_S
            outage.down = False
        assert heard.of("store.left_behind")
    async with office(wanted) as one:
        first, second = await one.until(lambda found: len(found) == 2)
    assert (first["version"], first["outcome"]) == (3, "answered")
    assert (second["version"], second["outcome"]) == (1, "in_progress")


async def test_stop_amid_a_full_queue_loses_nothing(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The street waits for room in front of a store that is down: nothing falls between them."""
    monkeypatch.setattr("calltrackd.pipeline.commit.QUEUE_CHANGES", 2)
    wanted = settings(tmp_path, [pbx(ami)])
    with log() as heard:
        async with office(wanted) as one:
            await ami.wait_for("ConfbridgeListRooms")
            outage = Outage(one.store)
            (attachment,) = one.daemon._board
            for number in range(1, 9):
                ami.send(Call(number).whole)
                await attachment.link.action("Ping")
            await heard.line("store.cannot_write")
            await one.until(lambda _: not one.daemon._committer._room.is_set())
            await one.stop()
            outage.down = False
    async with office(wanted) as one:
        records = await one.until(
            lambda found: [r["version"] for r in found] == [4] * 8  # started to ended, once each
        )
    assert {record["outcome"] for record in records} == {"answered"}


async def test_what_was_read_is_committed_before_the_end(tmp_path: Path, ami: FakeAmi) -> None:
    """A stop right behind the bytes still takes what is in the journal."""
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        (attachment,) = one.daemon._board
        await attachment.link.action("Ping")
        seq = attachment.journal.next_seq
        for number in range(1, 30):
            ami.send(Call(number).whole)
        await until(lambda: attachment.journal.next_seq > seq)
        await one.stop()
        assert await one.records()
    journal = Journal(tmp_path / "journal", "hq")
    text = b"".join(chunk.data for chunk in journal.read())
    journal.close()
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        assert len(await one.records()) == text.count(b"Event: Newchannel") // 2


async def test_only_pbx_refuses_the_password(tmp_path: Path, ami: FakeAmi) -> None:
    """One attempt, then an end that tells the admin what to mend; systemd must not restart."""
    ami.secret = "another"
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        with pytest.raises(NoAttachmentLeftError, match="'calltrackd'"):
            await asyncio.wait_for(one.task, 10)
    assert len(ami.got("Login")) == 1


async def test_one_of_two_pbxs_refuses_the_password(tmp_path: Path, ami: FakeAmi) -> None:
    """The other one goes on, and /readyz says why calls of the first are not seen."""
    with log() as heard:
        async with FakeAmi(secret="another") as locked:
            async with office(settings(tmp_path, [pbx(ami), pbx(locked, "branch")])) as one:
                await heard.line("login.refused")
                await ami.wait_for("ConfbridgeListRooms")
                ami.send(Call(1).whole)
                await one.until(lambda found: bool(found and found[0]["ended_at"]))
                status, page = await one.get("/readyz")
            assert len(locked.got("Login")) == 1
    assert status == 503
    assert page["reasons"][0].startswith("branch: 127.0.0.1:")
    assert "manager.conf" in page["reasons"][0]


async def test_news_that_nobody_can_take_stop_nothing(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in what is told after a commit is logged; commits go on."""
    monkeypatch.setattr("calltrackd.daemon.core.tell", lambda *_: 1 / 0)
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami)])) as one:
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).whole)
            await one.until(lambda found: bool(found and found[0]["ended_at"]))
            await heard.line("committed.untold")


async def test_full_disk_under_the_journal(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is let go until there is room; the call is told as seen with a gap, not wrongly."""
    monkeypatch.setattr("calltrackd.pbx.link._FIRST_WAIT_S", 0.02)
    call = Call(1)
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        (attachment,) = one.daemon._board
        ami.send(call.rings)
        await one.until(bool)
        with monkeypatch.context() as full:
            full.setattr("calltrackd.pbx.segment.os.write", _no_room)
            ami.send(call.answers)
            await until(lambda: not attachment.link.up)
            status, page = await one.get("/readyz")
            assert (status, page["reasons"]) == (503, ["hq: no link"])
            figures = await one.daemon._metrics.page()
            assert b'calltrackd_link_up{pbx="hq"} 0.0' in figures
        (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
    assert record["certainty"] == "gap"
    assert record["outcome"] == "no_answer"


async def test_chunk_that_cannot_be_read_back_ends_it(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that lost what waited in it: going on would be a silent gap, so it is told."""
    wanted = settings(tmp_path, [pbx(ami)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        (attachment,) = one.daemon._board
        monkeypatch.setattr(attachment._intake, "_budget", 0)
        monkeypatch.setattr(attachment.journal, "read", lambda _seq: iter(()))
        with log() as heard:
            ami.send(Call(1).rings)
            with pytest.raises(ExceptionGroup) as caught:
                await asyncio.wait_for(one.task, 10)
        assert caught.group_contains(JournalError, match="can't be read back")
        assert isinstance(heard.of("attachment.broke")[0]["exc_info"], JournalError)
    monkeypatch.undo()
    attachment.journal.close()  # as the end of the process does
    async with office(wanted) as one:
        (record,) = await one.until(bool)
    assert record["did"] == "+74950000001"


def _no_room(*_: object) -> int:
    raise OSError(28, "No space left on device")
