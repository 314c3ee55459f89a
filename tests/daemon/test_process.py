"""`calltrackd run` as systemd starts it: exit codes, signals, kill -9."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.daemon.company import SIGNING, Call
from tests.fakes.ami import FakeAmi
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.waits


def written(folder: Path, ami: FakeAmi, receiver: Receiver, extra: str = "") -> Path:
    """The settings of one PBX and one target."""
    path = folder / "c.toml"
    path.write_text(
        f'state_dir = "{folder}/state"\n'
        f'[web]\nport = 0\n[log]\nformat = "json"\n'
        f'[[pbx]]\nkind = "asterisk"\nname = "hq"\nport = {ami.port}\nsecret = "labsecret"\n'
        f"retry_cap_s = 0.1\n"
        f'[[target]]\nkind = "webhook"\nname = "crm"\nurl = "{receiver.url}"\n'
        f'secrets = ["{SIGNING}"]\nallow_private = true\n{extra}'
    )
    return path


@asynccontextmanager
async def daemon(config: Path) -> AsyncIterator[Process]:
    """The process; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "calltrackd", "run", "-c", str(config), stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: Process) -> tuple[int | None, str]:
    """Exit code and what it said."""
    async with asyncio.timeout(20):
        _, said = await process.communicate()
    return process.returncode, said.decode()


async def journalled(folder: Path, data: bytes) -> None:
    """Until these bytes are in the journal, and so are the daemon's to tell of."""
    line = json.dumps(data.decode())[1:-1]
    async with asyncio.timeout(20):
        while line not in _journal(folder):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.005)


def _journal(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.rglob("*.jsonl"))


async def test_refused_password_is_exit_78(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """RestartPreventExitStatus: systemd must not knock again; the last line says what to mend."""
    ami.secret = "another"
    async with daemon(written(tmp_path, ami, receiver)) as process:
        code, said = await ended(process)
    assert code == 78
    assert said.splitlines()[-1].startswith("calltrackd: 127.0.0.1:")
    assert "Traceback" not in said


async def test_wrong_settings_are_exit_2(tmp_path: Path, ami: FakeAmi, receiver: Receiver) -> None:
    """Every problem with its line, before anything is touched."""
    config = written(tmp_path, ami, receiver, "concurency = 2\nallow_private = 3\n")
    async with daemon(config) as process:
        code, said = await ended(process)
    assert code == 2
    assert "c.toml" in said
    assert not (tmp_path / "state").exists()


async def test_second_daemon_is_told_that_there_is_a_first(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """Two on one state folder would write over each other: the second ends with one clear line."""
    config = written(tmp_path, ami, receiver)
    async with daemon(config) as first:
        async with asyncio.timeout(20):
            await ami.wait_for("ConfbridgeListRooms")
        async with daemon(config) as second:
            code, said = await ended(second)
        assert code == 1
        assert "another process writes this journal" in said.splitlines()[-1]
        assert "Traceback" not in said
        first.send_signal(signal.SIGTERM)
        assert (await ended(first))[0] == 0


async def test_state_folder_that_cannot_be_made(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """One line, not a traceback."""
    (tmp_path / "state").write_text("a file")
    async with daemon(written(tmp_path, ami, receiver)) as process:
        code, said = await ended(process)
    assert code == 1
    assert said.splitlines()[-1].startswith(f"calltrackd: state_dir {tmp_path}/state: ")


async def test_lexicon_that_cannot_be_read(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """One line that names the setting, not a traceback."""
    extra = f'[speech]\nenabled = true\n[tone]\nlexicon = "{tmp_path}/nowhere.csv"\n'
    async with daemon(written(tmp_path, ami, receiver, extra)) as process:
        code, said = await ended(process)
    assert code not in (0, None)
    assert "tone.lexicon" in said.splitlines()[-1]
    assert "Traceback" not in said


async def test_hangup_signal_reloads_or_says_why_not(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver
) -> None:
    """A wrong file changes nothing; a right one is taken over; SIGTERM ends it with 0."""
    config = written(tmp_path, ami, receiver)
    call = Call(1)
    async with daemon(config) as process:
        assert process.stderr is not None

        async def said(event: str) -> str:
            async with asyncio.timeout(20):
                while event not in (line := (await process.stderr.readline()).decode()):
                    assert line
            return line

        await said("snapshot is taken")
        written(tmp_path, ami, receiver, "concurency = 2\n")
        process.send_signal(signal.SIGHUP)
        assert "concurency" in await said("settings.problem")
        await said("settings.kept")
        number = '[[number]]\ndid = "+74950000001"\nsource = "radio"\n'
        written(tmp_path, ami, receiver, number)
        process.send_signal(signal.SIGHUP)
        await said("settings.reloaded")
        ami.send(call.rings)
        await receiver.until(lambda r: len(r.accepted) == 1)
        process.send_signal(signal.SIGTERM)
        assert (await ended(process))[0] == 0
    (event,) = receiver.accepted.values()
    assert event["data"]["source"] == {"source": "radio"}
    assert ami.logins == 1


@pytest.mark.parametrize("sent", ["rings", "answers", "key_7", "ends"])
async def test_killed_by_9_in_the_middle(
    tmp_path: Path, ami: FakeAmi, receiver: Receiver, sent: str
) -> None:
    """Killed behind the bytes of a step: one record, each step told, none under a second id."""
    call, parts = Call(1), ["rings", "answers", "key_7", "ends"]
    ami.denied |= {"CoreShowChannels", "Status"}  # no list that tells what is gone
    map_ = '[[keypad.map]]\nkeys = { "7" = "sale" }\n'
    config = written(tmp_path, ami, receiver, map_)
    before = parts[: parts.index(sent) + 1]
    async with daemon(config) as process:
        async with asyncio.timeout(20):
            await ami.wait_for("ConfbridgeListRooms")
        seen = len(receiver.hits)
        for part in before:
            ami.send(getattr(call, part))
        await receiver.until(lambda r: len(r.hits) > seen)
        process.kill()
        await process.wait()
    async with daemon(config) as process:
        async with asyncio.timeout(20):
            await ami.wait_for("ConfbridgeListRooms", 2)
        for part in parts[len(before) :]:
            ami.send(getattr(call, part))
        await receiver.until(
            lambda r: "call.ended" in [event["type"] for event in r.accepted.values()]
        )
        process.send_signal(signal.SIGTERM)
        assert (await ended(process))[0] == 0
    told = [(e["type"], e["data"]["version"]) for e in receiver.accepted.values()]
    assert told == [
        ("call.started", 1), ("call.answered", 2), ("call.updated", 3), ("call.ended", 4),
    ]  # fmt: skip
    assert len({event["data"]["id"] for event in receiver.accepted.values()}) == 1
