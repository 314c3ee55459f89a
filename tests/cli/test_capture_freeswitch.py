"""`calltrackd capture` of an event socket, and out of the journal of one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from calltrackd.pbx.journal import Journal
from calltrackd.pbx.stream import Stream
from calltrackd.pipeline.replay import Replay
from calltrackd.settings import Number, Settings
from tests.cli.conftest import House
from tests.daemon.fs_company import FsCall
from tests.fakes.esl import FakeEsl, event

T0 = 1_795_423_338.0
CALLER = "79161234567"
TRACKED = Settings(number=[Number(did="+74950000001")])


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs stay as the test run has them: structlog's loggers keep what they first met."""
    monkeypatch.setattr("calltrackd.ops.logs.configure", lambda *_words: None)


@pytest.fixture
async def esl() -> AsyncIterator[FakeEsl]:
    """A PBX that lets us in."""
    async with FakeEsl() as esl:
        yield esl


@pytest.fixture
def site(house: House, esl: FakeEsl) -> House:
    """A site whose PBX it is, with a tracking number."""
    (house.folder / "crm.secret").write_text("whsec_" + "A" * 32)
    text = house.config.read_text().replace(
        'secret_credential = "crm"', f'secret_file = "{house.folder}/crm.secret"'
    )
    pbx = f'[[pbx]]\nkind = "freeswitch"\nname = "fs"\nport = {esl.port}\nsecret = "labsecret"\n'
    house.config.write_text(f'{text}\n{pbx}[[number]]\ndid = "+74950000001"\n')
    return house


async def captured(site: House, esl: FakeEsl, out: Path, *words: str) -> Result:
    """A capture of one whole call, by the command in a thread: it has an event loop of its own."""
    command = ("capture", "--minutes", "0.04", *words, str(out))
    running = asyncio.create_task(asyncio.to_thread(site.run, *command))
    await esl.wait_for("show channels as json")
    esl.send(FsCall(1, CALLER).whole)
    return await running


async def test_capture_replays_into_the_record(site: House, esl: FakeEsl, tmp_path: Path) -> None:
    """From the greeting on, with the lists of what was going on, and without the password."""
    out = tmp_path / "out.jsonl"
    result = await captured(site, esl, out)
    assert result.exit_code == 0, result.stderr
    stream = Stream(out)
    data = b"".join(chunk.data for chunk in stream)
    assert (stream.header.stream, stream.header.encoding) == ("esl-plain", "latin-1")
    assert data.startswith(b"Content-Type: auth/request")
    assert b'{"row_count":0}' in data
    assert b"labsecret" not in data
    (record,) = await Replay(TRACKED, make="freeswitch").run([out])
    assert (record.caller, record.outcome) == (f"+{CALLER}", "answered")


async def test_masked_capture_replays_alike(site: House, esl: FakeEsl, tmp_path: Path) -> None:
    """No client's number is left; times, lengths and ids are, so the record is the same."""
    plain, masked = tmp_path / "plain.jsonl", tmp_path / "masked.jsonl"
    await captured(site, esl, plain)
    esl.commands.clear()
    await captured(site, esl, masked, "--mask")
    data = b"".join(chunk.data for chunk in Stream(masked))
    assert CALLER[-7:].encode() not in data
    (one,), (two,) = [await Replay(TRACKED).run([path]) for path in (plain, masked)]
    assert two.did == one.did
    assert (two.talk_s, two.wait_s) == pytest.approx((one.talk_s, one.wait_s), abs=1e-3)
    assert two.caller is not None
    assert one.caller is not None
    assert (two.caller != one.caller, len(two.caller)) == (True, len(one.caller))
    assert two.operators == one.operators == ["1001"]


async def test_another_user_can_record(
    site: House, esl: FakeEsl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user of the directory, whose password is asked."""
    monkeypatch.setenv("CALLTRACKD_DOCTOR_SECRET", "labsecret")
    words = ("--as", "tracker@example.com")
    result = await captured(site, esl, tmp_path / "out.jsonl", *words)
    assert result.exit_code == 0, result.stderr
    assert esl.got("userauth") == ["userauth tracker@example.com:labsecret"]


def test_cut_out_of_the_journal_begins_with_a_whole_message(house: House, tmp_path: Path) -> None:
    """Reads cut messages anywhere; what is before the first whole one is left out."""
    house.config.write_text(
        f'{house.config.read_text()}\n[[pbx]]\nkind = "freeswitch"\nname = "fs"\nsecret = "x"\n'
    )
    journal = Journal(house.folder / "journal", "fs", stream="esl-plain")
    journal.mark(T0, "reconnect")
    tail = b""
    for second in range(10):
        message = event("CHANNEL_HOLD", Unique_ID=f"n{second}")
        journal.append(T0 + second, tail + message[:60])
        tail = message[60:]
    journal.close()
    out = tmp_path / "out.jsonl"
    span = ("--since", "2026-11-23T08:42:21Z", "--until", "2026-11-23T08:42:24Z")
    result = house.run("capture", "--from-journal", *span, str(out))
    assert result.exit_code == 0, result.stderr
    data = b"".join(chunk.data for chunk in Stream(out))
    assert data.startswith(b"Content-Length: ")
    assert b"n3" in data
    assert b"n2" not in data
