"""What a killed daemon left is all there at the next start: one record a call, the same ids."""

import shutil
from pathlib import Path

import pytest

from calltrackd.daemon.attachment import Attachment
from calltrackd.pbx.journal import Journal
from calltrackd.store.errors import StoreDown
from tests.daemon.company import Call, Office, Outage, office, pbx, settings, target
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver


async def applied(one: Office, ami: FakeAmi) -> None:
    """Until the store has taken all that the PBX said so far, the snapshot included."""
    await ami.wait_for("ConfbridgeListRooms", ami.logins)
    await one.until(lambda _: one.daemon._committer._unapplied() == {})


async def test_journalled_but_not_committed_is_committed_once_with_the_same_ids(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Killed with changes in memory only: the next start delivers what the first one would have."""
    call = Call(1)
    async with office(settings(tmp_path / "a", [pbx(ami)], [target(receiver)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings)
        await receiver.until(lambda r: len(r.accepted) == 1)
        outage = Outage(one.store)
        ami.send(call.answers + call.key_7 + call.ends)
        await one.until(lambda _: outage.refused > 0 and not one.daemon._committer._waiting)
        shutil.copytree(tmp_path / "a", tmp_path / "b")  # what kill -9 leaves
        outage.down = False
        await receiver.until(lambda r: len(r.accepted) == 4)
        original = await one.records()
    async with (
        FakeAmi() as again,
        Receiver(receiver.keys) as later,
        office(settings(tmp_path / "b", [pbx(again)], [target(later)])) as one,
    ):
        await later.until(lambda r: len(r.accepted) >= 3)
        assert await one.records() == original
    assert set(receiver.accepted) == set(later.accepted) | {next(iter(receiver.accepted))}


async def test_call_in_progress_goes_on(tmp_path: Path, ami: FakeAmi, receiver: Receiver) -> None:
    """Killed while a client talks: after the restart the same call is answered, tagged, ended."""
    call = Call(1)
    async with office(settings(tmp_path / "a", [pbx(ami)], [target(receiver)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        await receiver.until(lambda r: len(r.accepted) == 2)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with FakeAmi() as again, Receiver(receiver.keys) as later:
        again.items["CoreShowChannels"] = living(call)
        async with office(settings(tmp_path / "b", [pbx(again)], [target(later)])) as one:
            await again.wait_for("ConfbridgeListRooms")
            _, (seen,) = await one.get("/v1/calls/open")
            assert seen["version"] == 2
            again.send(call.key_7 + call.ends)
            (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
    assert record["id"] == next(iter(receiver.accepted.values()))["data"]["id"]
    assert record["certainty"] == "recovered"
    assert record["outcome"] == "answered"
    assert [tag["name"] for tag in record["tags"]] == ["sale"]


def living(call: Call) -> list[dict[str, str]]:
    """Both channels of the call as CoreShowChannels lists them amid the talk."""
    number = call.phone.removeprefix("PJSIP/101-").removesuffix("2").lstrip("0")
    link = f"lab22-1795000000.{number}1"
    common = {"Linkedid": link, "ChannelStateDesc": "Up", "BridgeId": f"bridge-{number}"}
    return [
        {"Channel": call.phone.replace("101-", "trunk-")[:-1] + "1", "Uniqueid": link,
         "Application": "Dial", **common},
        {"Channel": call.phone, "Uniqueid": f"lab22-1795000000.{number}2",
         "Application": "AppDial", **common},
    ]  # fmt: skip


async def test_message_cut_by_the_kill_is_read_whole(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a Newchannel applied, half of it only in the journal: the call is there all the same."""
    monkeypatch.setattr("calltrackd.pipeline.commit.IDLE_COMMIT_S", 0.02)
    call = Call(1)
    async with office(settings(tmp_path / "a", [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings[:200])
        await applied(one, ami)
        await one.until(lambda _: one.daemon._board._attached["hq"].street._codec.held > 0)
        await applied(one, ami)
        outage = Outage(one.store)
        ami.send(call.rings[200:])
        await one.until(lambda _: outage.refused > 0)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        outage.down = False
    async with FakeAmi() as again, office(settings(tmp_path / "b", [pbx(again)])) as one:
        (record,) = await one.until(bool)
    assert record["did"] == "+74950000001"


async def test_lost_journal_closes_its_calls_as_gaps(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """What nobody can tell the end of is closed at the last known moment, and the CRM is told."""
    call = Call(1)
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        await receiver.until(lambda r: len(r.accepted) == 2)
    shutil.rmtree(tmp_path / "journal")
    with log() as heard:
        async with office(wanted) as one:
            await receiver.until(lambda r: len(r.accepted) == 3)
            (record,) = await one.records()
        (line,) = heard.of("call.end_unknown")
    assert line["call"] == record["id"]
    assert record["certainty"] == "gap"
    assert record["outcome"] == "answered"
    assert record["ended_at"] == record["answered_at"]
    assert [event["type"] for event in receiver.accepted.values()][-1] == "call.ended"


async def test_journal_that_lost_the_beginning_closes_its_call_too(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """The journal goes on, without the call's first lines: closed, though all of it is applied."""
    wanted = settings(tmp_path, [pbx(ami)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).rings)
        await one.until(bool)
        await applied(one, ami)
    (segment,) = (tmp_path / "journal/hq").glob("*.jsonl")
    lines = segment.read_text().splitlines(keepends=True)
    kept = [line.replace("Newchannel", "Forgotten") for line in lines]
    segment.write_text("".join(kept))
    async with office(wanted) as one:
        (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
    assert (record["certainty"], record["outcome"]) == ("gap", "no_answer")


async def test_calls_of_a_pbx_that_has_another_name_now_are_closed(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """Renamed in the settings while the daemon was down: nobody will see those calls end."""
    async with office(settings(tmp_path, [pbx(ami, "old")])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).rings)
        await one.until(bool)
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami, "new")])) as one:
            (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
    assert heard.of("calls.of_unknown_pbx")[0]["pbx"] == "old"
    assert record["certainty"] == "gap"


async def test_restart_without_news_repeats_nothing(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Five stops and starts: no version more, no webhook more, no record more."""
    wanted = settings(tmp_path, [pbx(ami)], [target(receiver)])
    async with office(wanted) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(Call(1).whole)
        await receiver.until(lambda r: len(r.accepted) == 4)
        before = await one.records()
    for start in range(2, 7):
        async with office(wanted) as one:
            await ami.wait_for("ConfbridgeListRooms", start)
            assert await one.records() == before
    assert len(receiver.accepted) == 4
    assert not receiver.repeats


async def test_journal_is_kept_from_the_oldest_living_channel(tmp_path: Path, ami: FakeAmi) -> None:
    """The note beside the journal moves on with the calls, never past one that lives."""
    first, second = Call(1), Call(2)
    async with office(settings(tmp_path, [pbx(ami)])) as one:
        await ami.wait_for("ConfbridgeListRooms")
        (attachment,) = one.daemon._board
        ami.send(first.rings)
        await one.until(bool)
        began = attachment.street.needs_from
        for _ in range(2):
            await applied(one, ami)
            await attachment.keep(one.store)
        assert int((tmp_path / "journal/hq/needed-from").read_text()) == began
        ami.send(first.answers + first.ends)
        await one.until(lambda found: found[0]["ended_at"] is not None)
        ami.send(second.rings)
        await one.until(lambda found: len(found) == 2)
        for _ in range(2):
            await applied(one, ami)
            await attachment.keep(one.store)
        assert int((tmp_path / "journal/hq/needed-from").read_text()) > began


async def test_failed_recovery_lets_go_of_the_journal(
    tmp_path: Path, ami: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away at that moment: the journal can be opened again at once."""
    wanted = settings(tmp_path, [])
    async with office(wanted) as one:
        daemon = one.daemon
        attachment = Attachment(pbx(ami), wanted, daemon._committer, lambda *_: None, daemon._once)
        monkeypatch.setattr("calltrackd.store.calls.open_calls", _away)
        with pytest.raises(StoreDown):
            await attachment.recover(one.store, lambda _record: None)
        Journal(wanted.journal_dir, "hq").close()


async def _away(*_: object) -> None:
    raise StoreDown("no route to the database")
