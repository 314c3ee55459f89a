"""SIGHUP: what changed is taken over, what did not is left alone, what is wrong changes nothing."""

import asyncio
from pathlib import Path

from calltrackd.daemon.reloads import Reloads
from calltrackd.settings import (
    Keypad,
    KeypadMap,
    Number,
    Place,
    Problem,
    Settings,
    SettingsError,
    WebSettings,
)
from tests.daemon.company import Call, Outage, office, pbx, settings, target
from tests.daemon.heard import log
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver


async def test_numbers_keys_and_targets_are_taken_over(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """A call that began before is sourced, tagged and told by the new settings; no link is cut."""
    call = Call(1)
    old = settings(tmp_path, [pbx(ami)])
    new = settings(
        tmp_path,
        [pbx(ami)],
        [target(receiver)],
        number=[Number(did="+74950000001", source="yandex")],
        keypad=Keypad(map=[KeypadMap(keys={"7": "lead"})]),
    )
    async with office(old) as one:
        await ami.wait_for("ConfbridgeListRooms")
        ami.send(call.rings + call.answers)
        await one.until(lambda found: bool(found and found[0]["answered_at"]))
        await one.daemon.reload(new)
        ami.send(call.key_7 + call.ends)
        await receiver.until(lambda r: len(r.accepted) == 2)
        (record,) = await one.records()
    assert record["source"] == {"source": "yandex"}
    assert [tag["name"] for tag in record["tags"]] == ["lead"]
    assert [login["Events"] for login in ami.got("Login")].count("off") == len(ami.got("Login")) - 1


async def test_changed_attachment_begins_anew_without_loss(tmp_path: Path, ami: FakeAmi) -> None:
    """Another login of one PBX: its call in progress goes on; the other PBX notices nothing."""
    call = Call(1)
    async with FakeAmi() as other:
        old = settings(tmp_path, [pbx(ami), pbx(other, "branch")])
        new = settings(tmp_path, [pbx(ami, user="boss"), pbx(other, "branch")])
        async with office(old) as one:
            await ami.wait_for("ConfbridgeListRooms")
            await other.wait_for("ConfbridgeListRooms")
            ami.send(call.rings)
            await one.until(bool)
            ami.denied |= {"CoreShowChannels", "Status"}  # no list that tells what is gone
            await one.daemon.reload(new)
            await ami.wait_for("ConfbridgeListRooms", 2)
            ami.send(call.answers + call.ends)
            (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
        assert [login["Username"] for login in ami.got("Login")] == ["calltrackd", "boss"]
        assert len(other.got("Login")) == 1
    assert (record["outcome"], record["version"]) == ("answered", 3)


async def test_changed_attachment_while_the_store_is_down_repeats_nothing(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """Changes that wait for the store are neither lost nor made again from the journal."""
    call = Call(1)
    ami.denied |= {"CoreShowChannels", "Status"}
    with log() as heard:
        async with office(settings(tmp_path, [pbx(ami)])) as one:
            await ami.wait_for("ConfbridgeListRooms")
            outage = Outage(one.store)
            ami.send(call.rings + call.answers)
            await heard.line("store.cannot_write")
            await one.daemon.reload(settings(tmp_path, [pbx(ami, user="boss")]))
            await ami.wait_for("ConfbridgeListRooms", 2)
            ami.send(call.ends)
            outage.down = False
            (record,) = await one.until(lambda found: bool(found and found[0]["ended_at"]))
    assert record["version"] == 3
    assert record["outcome"] == "answered"


async def test_pbx_taken_out_ends_its_calls_as_gaps(tmp_path: Path, ami: FakeAmi) -> None:
    """Nobody will see them end; its figures and its line at the live table go."""
    async with FakeAmi() as other:
        old = settings(tmp_path, [pbx(ami), pbx(other, "branch")])
        async with office(old) as one:
            await other.wait_for("ConfbridgeListRooms")
            other.send(Call(1).rings)
            await one.until(bool)
            await one.daemon.reload(settings(tmp_path, [pbx(ami)]))
            (record,) = await one.until(lambda found: found[0]["ended_at"] is not None)
            assert await one.get("/v1/calls/open") == (200, [])
            assert [state.pbx for state in one.daemon._bus.links] == ["hq"]
            assert b"branch" not in await one.daemon._metrics.page()
    assert record["certainty"] == "gap"


async def test_new_attachment_is_put_up(tmp_path: Path, ami: FakeAmi) -> None:
    """A PBX that was added is followed at once."""
    async with FakeAmi() as other, office(settings(tmp_path, [pbx(ami)])) as one:
        await one.daemon.reload(settings(tmp_path, [pbx(ami), pbx(other, "branch")]))
        await other.wait_for("ConfbridgeListRooms")
        other.send(Call(1).rings)
        (record,) = await one.until(bool)
    assert record["pbx"] == "branch"


async def test_refused_attachment_is_tried_again(tmp_path: Path, ami: FakeAmi) -> None:
    """The admin mended the password at the PBX: a reload of the same settings logs in."""
    with log() as heard:
        async with FakeAmi(secret="another") as locked:
            both = settings(tmp_path, [pbx(ami), pbx(locked, "branch")])
            async with office(both) as one:
                await heard.line("login.refused")
                locked.secret = "labsecret"
                await one.daemon.reload(both)
                await locked.wait_for("ConfbridgeListRooms")
                assert one.daemon._board.refused == {}


async def test_attachment_that_cannot_be_put_up_costs_no_other(
    tmp_path: Path, ami: FakeAmi
) -> None:
    """Its journal's folder can't be made: told in log and /readyz; the others go on."""
    with log() as heard:
        async with FakeAmi() as other, office(settings(tmp_path, [pbx(ami)])) as one:
            (tmp_path / "journal/branch").write_text("no folder")
            both = settings(tmp_path, [pbx(ami), pbx(other, "branch")])
            await one.daemon.reload(both)
            assert heard.of("attachment.failed")[0]["pbx"] == "branch"
            await ami.wait_for("ConfbridgeListRooms")
            ami.send(Call(1).rings)
            await one.until(bool)
            assert (await one.get("/readyz"))[1]["reasons"][0].startswith("branch: ")
            (tmp_path / "journal/branch").unlink()
            await one.daemon.reload(both)
            await other.wait_for("ConfbridgeListRooms")
            assert (await one.get("/readyz"))[0] == 200


async def test_what_holds_from_the_start_needs_a_restart(tmp_path: Path, ami: FakeAmi) -> None:
    """Another folder, port or database is told and not taken over, not even by new attachments."""
    async with FakeAmi() as other:
        with log() as heard:
            async with office(settings(tmp_path, [pbx(ami)])) as one:
                new = settings(
                    tmp_path / "elsewhere",
                    [pbx(ami), pbx(other, "branch")],
                    web=WebSettings(port=1),
                    region="UA",
                )
                await one.daemon.reload(new)
                await other.wait_for("ConfbridgeListRooms")
        sections = [line["section"] for line in heard.of("settings.need_restart")]
    assert sections == ["state_dir", "web"]
    assert (tmp_path / "journal/branch").is_dir()
    assert not (tmp_path / "elsewhere").exists()


async def test_stop_amid_a_reload(tmp_path: Path, ami: FakeAmi) -> None:
    """The reload is given up; no attachment is left running behind the stop."""
    async with FakeAmi() as other, office(settings(tmp_path, [pbx(ami)])) as one:
        both = settings(tmp_path, [pbx(ami), pbx(other, "branch")])
        reload = asyncio.create_task(one.daemon.reload(both))
        await asyncio.sleep(0)
        await one.stop()
        await asyncio.gather(reload, return_exceptions=True)
        assert list(one.daemon._board) == []


class Asked:
    """What a reload loads and adopts."""

    def __init__(self, *answers: Settings | Exception) -> None:
        self.answers = list(answers)
        self.adopted: list[Settings] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def load(self) -> Settings:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def adopt(self, new: Settings) -> None:
        await self.gate.wait()
        self.adopted.append(new)


async def test_wrong_file_keeps_the_old_and_tells_every_problem() -> None:
    """One line a problem, with its place; nothing is adopted."""
    problems = [
        Problem(Place("c.toml", line), f"pbx[0].{name}", "is wrong")
        for line, name in ((3, "port"), (4, "user"))
    ]
    asked = Asked(SettingsError(problems))
    with log() as heard:
        reloads = Reloads(asked.load, asked.adopt)
        reloads.ask()
        await heard.line("settings.kept")
    assert [line["problem"] for line in heard.of("settings.problem")] == [
        "c.toml:3: pbx[0].port: is wrong",
        "c.toml:4: pbx[0].user: is wrong",
    ]
    assert asked.adopted == []


async def test_error_while_adopting_is_told() -> None:
    """Whatever it is, the daemon lives on and the next signal is obeyed."""
    asked = Asked(OSError("tls_ca: no such file"), Settings())
    with log() as heard:
        reloads = Reloads(asked.load, asked.adopt)
        reloads.ask()
        assert "tls_ca" in (await heard.line("settings.kept"))["reason"]
        assert reloads._task is not None
        await reloads._task
        reloads.ask()
        await reloads._task
    assert len(asked.adopted) == 1


async def test_signal_amid_a_reload_is_obeyed_after_it() -> None:
    """Several signals are one more reload, of the newest file."""
    first, last = Settings(region="RU"), Settings(region="UA")
    asked = Asked(first, last)
    asked.gate.clear()
    reloads = Reloads(asked.load, asked.adopt)
    reloads.ask()
    await asyncio.sleep(0)
    for _ in range(3):
        reloads.ask()
    asked.gate.set()
    assert reloads._task is not None
    await reloads._task
    assert [one.region for one in asked.adopted] == ["RU", "UA"]
    await reloads.stop()
