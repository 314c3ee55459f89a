"""`calltrackd capture`, against an AMI of our own and a journal."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from calltrackd.cli import main
from calltrackd.pbx.journal import Journal, JournalLimits
from calltrackd.pbx.stream import Chunk, read
from tests.cli.conftest import House
from tests.fakes.ami import FakeAmi, block

CLIENT, DID = "79161234567", "74950000001"
NEWCHANNEL = block(
    ("Event", "Newchannel"), ("Channel", "PJSIP/trunk-00000001"), ("CallerIDNum", CLIENT),
    ("Exten", DID), ("Uniqueid", "1795423338.1"),
)  # fmt: skip
T0 = 1_795_423_338.0
DOCS = Path(__file__).parents[2] / "docs/cli.md"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs stay as the test run has them: structlog's loggers keep what they first met."""
    monkeypatch.setattr("calltrackd.ops.logs.configure", lambda *_words: None)


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    """A PBX that lets us in."""
    async with FakeAmi() as ami:
        yield ami


@pytest.fixture
def site(house: House, ami: FakeAmi) -> House:
    """A site whose PBX it is, with a tracking number."""
    (house.folder / "crm.secret").write_text("whsec_" + "A" * 32)
    text = house.config.read_text().replace(
        'secret_credential = "crm"', f'secret_file = "{house.folder}/crm.secret"'
    )
    pbx = f'[[pbx]]\nkind = "asterisk"\nname = "hq"\nport = {ami.port}\nsecret = "labsecret"\n'
    number = f'[[number]]\ndid = "+{DID}"\n'
    house.config.write_text(f"{text}\n{pbx}{number}")
    return house


async def run(site: House, *words: str) -> Result:
    """The command, in a thread, since it has an event loop of its own."""
    return await asyncio.to_thread(site.run, "capture", *words)


def raw(out: Path) -> bytes:
    """All bytes of a capture."""
    return b"".join(chunk.data for chunk in read(out))


async def test_what_the_pbx_sends_is_in_the_file(site: House, ami: FakeAmi, tmp_path: Path) -> None:
    """From the banner on, with the snapshot of what was going on; and it says what it wrote."""
    out = tmp_path / "out.jsonl"
    running = asyncio.create_task(run(site, "--minutes", "0.03", str(out)))
    await ami.wait_for("ConfbridgeListRooms")
    ami.send(NEWCHANNEL)
    result = await running
    assert result.exit_code == 0, result.stderr
    assert raw(out).startswith(b"Asterisk Call Manager")
    assert b"CoreShowChannelsComplete" in raw(out)
    assert raw(out).endswith(NEWCHANNEL)
    assert re.search(
        rf"^{re.escape(str(out))}: \d+ reads, 0.0 MB, 0:0\d from 20", result.stdout, re.M
    )
    assert "it holds clients' phone numbers" in result.stdout
    assert out.stat().st_mode & 0o777 == 0o600


async def test_masked_capture_holds_no_clients_number(
    site: House, ami: FakeAmi, tmp_path: Path
) -> None:
    """Numbers of the settings stay, else a replay would find no tracked call."""
    out = tmp_path / "out.jsonl"
    running = asyncio.create_task(run(site, "--mask", "--minutes", "0.03", str(out)))
    await ami.wait_for("ConfbridgeListRooms")
    ami.send(NEWCHANNEL)
    result = await running
    assert CLIENT[-7:].encode() not in raw(out)
    assert f"Exten: {DID}".encode() in raw(out)
    assert "phone numbers are masked" in result.stdout


async def test_lost_link_is_marked_and_sought_again(
    site: House, ami: FakeAmi, tmp_path: Path
) -> None:
    """A PBX that restarts is what a bug report may be about."""
    out = tmp_path / "out.jsonl"
    running = asyncio.create_task(run(site, "--minutes", "0.06", str(out)))
    await ami.wait_for("ConfbridgeListRooms")
    ami.drop()
    await ami.wait_for("ConfbridgeListRooms", 2)
    result = await running
    assert [chunk.mark for chunk in read(out) if chunk.mark] == ["eof", "reconnect"]
    assert "trying again" in result.stderr


async def test_refused_login_leaves_no_file(site: House, ami: FakeAmi, tmp_path: Path) -> None:
    """Nothing of a session that never was."""
    ami.secret = "another"
    out = tmp_path / "out.jsonl"
    result = await run(site, str(out))
    assert result.exit_code == 1
    assert "refuses the manager user" in result.stderr
    assert not out.exists()


async def test_another_manager_user_can_record(
    site: House, ami: FakeAmi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon's password may be a credential that a shell can't read."""
    site.config.write_text(site.config.read_text().replace('"labsecret"', '"not it"'))
    monkeypatch.setenv("CALLTRACKD_DOCTOR_SECRET", "labsecret")
    result = await run(site, "--as", "boss", "--minutes", "0.02", str(tmp_path / "out.jsonl"))
    assert result.exit_code == 0, result.stderr
    assert ami.got("Login")[0]["Username"] == "boss"


async def test_ctrl_c_keeps_what_there_is(site: House, ami: FakeAmi, tmp_path: Path) -> None:
    """Exit code 0: a person saw enough."""
    out = tmp_path / "out.jsonl"
    words = ("capture", "-c", str(site.config), str(out))
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "calltrackd", *words, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(30):
        await ami.wait_for("ConfbridgeListRooms")
        running.send_signal(signal.SIGINT)
        told, _ = await running.communicate()
    assert running.returncode == 0
    assert told.startswith(str(out).encode())
    assert raw(out).startswith(b"Asterisk Call Manager")


# -- out of the journal


def journal_of(site: House, limits: JournalLimits | None = None) -> Journal:
    """A message every second for ten; the end of each comes with the next read, a second later."""
    journal = Journal(site.folder / "journal", "hq", limits)
    journal.mark(T0, "reconnect")
    for second in range(10):
        message = block(("Event", "VarSet"), ("Value", str(second)))
        head = message[:-10] if second else b"Asterisk Call Manager/11.0.0\r\n" + message[:-10]
        tail = b"" if second == 0 else block(("Event", "VarSet"), ("Value", str(second - 1)))[-10:]
        journal.append(T0 + second, tail + head)
    return journal


def values(out: Path) -> list[str]:
    """The values of the whole messages in a capture."""
    return re.findall(r"Event: VarSet\r\nValue: (\d+)", raw(out).decode())


def cut(site: House, out: Path, *words: str) -> Result:
    """A cut between the third and the sixth second."""
    span = ("--since", "2026-11-23T08:42:21Z", "--until", "2026-11-23T08:42:24Z")
    return site.run("capture", "--from-journal", *span, str(out), *words)


@pytest.fixture
def shelf(house: House) -> House:
    """A site with a PBX that nobody has to reach."""
    pbx = '[[pbx]]\nkind = "asterisk"\nname = "hq"\nsecret_credential = "ami"\n'
    house.config.write_text(f"{house.config.read_text()}\n{pbx}")
    return house


def test_cut_has_whole_messages_of_its_time(shelf: House, tmp_path: Path) -> None:
    """Also while the daemon has the journal open."""
    journal = journal_of(shelf)
    out = tmp_path / "out.jsonl"
    result = cut(shelf, out)
    journal.close()
    assert result.exit_code == 0, result.stderr
    assert values(out) == ["3", "4"]
    assert raw(out).startswith(b"Event: VarSet")
    assert [chunk.at for chunk in read(out)] == [T0 + 3, T0 + 4, T0 + 5]


def test_cut_reads_packed_segments(shelf: House, tmp_path: Path) -> None:
    """All but the newest segment of a journal are packed."""
    journal = journal_of(shelf, JournalLimits(segment_age_s=2.0))
    journal.close()
    assert list((shelf.folder / "journal/hq").glob("*.gz"))
    out = tmp_path / "out.jsonl"
    assert cut(shelf, out).exit_code == 0
    assert values(out) == ["3", "4"]


def test_whole_journal_begins_with_its_connection(shelf: House, tmp_path: Path) -> None:
    """Without times everything is kept, marks included."""
    journal_of(shelf).close()
    out = tmp_path / "out.jsonl"
    assert shelf.run("capture", "--from-journal", str(out)).exit_code == 0
    assert next(read(out)) == Chunk(1, T0, mark="reconnect")
    assert values(out) == [str(second) for second in range(9)]


def test_empty_time_is_told_and_leaves_no_file(shelf: House, tmp_path: Path) -> None:
    """With the time at which the journal begins."""
    journal_of(shelf).close()
    out = tmp_path / "out.jsonl"
    result = shelf.run("capture", "--from-journal", "--since", "2027-01-01", str(out))
    assert result.exit_code == 1
    assert "it begins at 2026-11-23T08:42:18.000Z" in result.stderr
    assert not out.exists()


def test_damaged_segment_is_left_out_and_told(shelf: House, tmp_path: Path) -> None:
    """One bad file does not cost the others."""
    journal_of(shelf, JournalLimits(segment_age_s=2.0)).close()
    first = min((shelf.folder / "journal/hq").glob("*.gz"))
    first.write_bytes(b"nothing")
    out = tmp_path / "out.jsonl"
    result = shelf.run("capture", "--from-journal", str(out))
    assert result.exit_code == 0
    assert "left out" in result.stderr
    assert values(out)[-1] == "8"


def test_file_that_is_there_is_not_touched(shelf: House, tmp_path: Path) -> None:
    """A capture may be all that is left of a bad day."""
    out = tmp_path / "out.jsonl"
    out.write_text("dear")
    result = shelf.run("capture", "--from-journal", str(out))
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert out.read_text() == "dear"


@pytest.mark.parametrize(
    "words",
    [
        ("--keep", DID, "out.jsonl"),
        ("--since", "2h", "out.jsonl"),
        ("out.jsonl.gz",),
        ("--pbx", "branch", "out.jsonl"),
    ],
)
def test_words_that_do_not_fit_together_are_told(shelf: House, words: tuple[str, ...]) -> None:
    """Exit code 2, one line."""
    (shelf.folder / "crm.secret").write_text("whsec_" + "A" * 32)
    result = shelf.run("capture", "--from-journal" if "--pbx" in words else "--mask", *words)
    if "--keep" in words:
        result = shelf.run("capture", *words)
    assert result.exit_code == 2, result.stderr
    assert result.stderr.count("\n") == 1


def test_cut_replays(shelf: House, tmp_path: Path) -> None:
    """`calltrackd replay` takes it."""
    journal_of(shelf).close()
    out = tmp_path / "out.jsonl"
    shelf.run("capture", "--from-journal", str(out))
    result = shelf.run("replay", "--json", str(out))
    assert result.exit_code == 0, result.stderr
    assert [json.loads(line) for line in result.stdout.splitlines()] == []


def test_options_are_documented() -> None:
    """Under its heading in docs/cli.md."""
    command = main.get_command(click.Context(main), "capture")
    assert command is not None
    section = DOCS.read_text().partition("## capture\n")[2].partition("\n## ")[0]
    options = {option for one in command.params for option in one.opts if option.startswith("--")}
    assert options - {"--config", "--help"} <= set(re.findall(r"--[\w-]+", section))
