"""`calltrackd replay`: streams become records again, the same ones every time."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from calltrackd.cli import main
from calltrackd.pbx.journal import Journal, JournalLimits
from calltrackd.pbx.stream import Header, Stream, chunk_line, header_line, mark_line
from calltrackd.pipeline.replay import Replay
from calltrackd.settings import load
from calltrackd.store import calls
from calltrackd.store.calls import CallFilter
from calltrackd.store.engine import Store
from tests.daemon.company import Call
from tests.pipeline.feeding import STREAMS
from tests.store.build import record, save

TAGGED = STREAMS / "given/asterisk-22/operator_dtmf_tag.jsonl"
QUEUE = STREAMS / "given/asterisk-22/interleaved.jsonl"


def replay(*arguments: object) -> Result:
    """The command, as a shell calls it."""
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def records(*arguments: object) -> list[dict[str, Any]]:
    """What `--json` prints; the exit must be a good one."""
    result = replay("--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A number with a source, a map with a tag, a state folder."""
    path = tmp_path / "c.toml"
    path.write_text(
        f'state_dir = "{tmp_path}"\n'
        '[[pbx]]\nkind = "asterisk"\nname = "asterisk"\n'
        '[[number]]\ndid = "+74950000001"\nsource = "google"\n'
        '[keypad]\nignore = []\n[[keypad.map]]\nkeys = { "7" = "sale" }\n'
    )
    return path


def test_same_input_gives_the_same_bytes() -> None:
    """Ids, versions and times come from the stream alone."""
    first, second = replay("--json", TAGGED, QUEUE), replay("--json", TAGGED, QUEUE)
    assert first.stdout_bytes == second.stdout_bytes
    assert len(first.stdout.splitlines()) > 2


def test_settings_give_sources_and_tags(settings: Path) -> None:
    """Without them neither is known; the rest of the record is the same."""
    (plain,) = records(TAGGED)
    (told,) = records("-c", settings, TAGGED)
    assert (plain["source"], plain["tags"], plain["tracked"]) == ({}, [], False)
    assert told["source"] == {"source": "google"}
    assert [tag["name"] for tag in told["tags"]] == ["sale"]
    assert told["tracked"]
    assert told["talks"] == plain["talks"]


@pytest.mark.parametrize("backwards", [False, True])
def test_segments_of_a_journal_are_one_stream(tmp_path: Path, backwards: bool) -> None:
    """A call that begins in one segment and ends in another is one; the order is the journal's."""
    paths = _journal(tmp_path)
    assert len(paths) > 3
    found = records(*(paths[::-1] if backwards else paths))
    assert [one["outcome"] for one in found] == ["answered"]
    assert found[0]["pbx"] == "hq"
    assert found[0]["certainty"] == "live"


def test_journals_of_two_pbxs_stay_apart(tmp_path: Path) -> None:
    """The same channel ids in both: two calls."""
    paths = _journal(tmp_path, "hq") + _journal(tmp_path, "branch")
    assert sorted(one["pbx"] for one in records(*paths)) == ["branch", "hq"]


def test_recordings_of_one_name_are_not_joined() -> None:
    """Other files stand alone, also when their header names the same PBX."""
    (first,), (second,) = records(TAGGED), records(STREAMS / "given/asterisk-22/busy.jsonl")
    both = records(TAGGED, STREAMS / "given/asterisk-22/busy.jsonl")
    assert [one["id"] for one in both] == [first["id"], second["id"]]


def test_damaged_line_is_named(tmp_path: Path) -> None:
    """A line in the middle that can't be read: file and line, and no half result."""
    path = tmp_path / "cut.jsonl"
    lines = TAGGED.read_text().splitlines(keepends=True)
    lines[4] = '{"t": 1, "raw"\n'
    path.write_text("".join(lines))
    result = replay("--json", path)
    assert result.exit_code == 1
    assert f"{path}, line 5" in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_torn_end_is_no_damage(tmp_path: Path) -> None:
    """The writer was killed: what is whole is taken."""
    path = tmp_path / "torn.jsonl"
    path.write_text(TAGGED.read_text()[:-7])
    (found,) = records(path)
    assert found["outcome"] == "answered"


@pytest.mark.parametrize("text", ["", "no header\n", '{"t": 1.0, "raw": "x"}\n'])
def test_file_that_is_no_stream_is_told(tmp_path: Path, text: str) -> None:
    """No header: the file's name, not a traceback."""
    path = tmp_path / "notes.txt"
    path.write_text(text)
    result = replay(path)
    assert result.exit_code == 1
    assert f"{path}, line 1" in result.stderr


def test_unseen_end_is_a_gap(tmp_path: Path) -> None:
    """The stream ends amid the call: closed at the last known moment."""
    call = Call(1)
    header = Header(pbx="hq", scenario="cut", t0=1_795_000_000.0)
    path = tmp_path / "amid.jsonl"
    path.write_bytes(
        header_line(header)
        + chunk_line(header, header.t0 + 1, call.rings)
        + chunk_line(header, header.t0 + 3, call.answers)
    )
    (found,) = records(path)
    assert (found["certainty"], found["outcome"], found["duration_s"]) == ("gap", "answered", 2.0)


def test_what_could_not_be_used_is_told_aside(tmp_path: Path) -> None:
    """Counted on stderr; the output stays JSON."""
    header = Header(pbx="hq", scenario="odd", t0=1_795_000_000.0)
    path = tmp_path / "odd.jsonl"
    path.write_bytes(
        header_line(header)
        + chunk_line(header, header.t0 + 1, b"Event: Newchannel\r\nChannel: PJSIP/101-1\r\n\r\n")
        + mark_line(header, header.t0 + 2, "eof")
    )
    result = replay("--json", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "not used: Newchannel 1" in result.stderr


def test_people_get_a_table() -> None:
    """Without --json: one line a call."""
    result = replay(TAGGED)
    assert result.exit_code == 0
    assert "101" in result.stdout


# -- diff


@pytest.fixture
def stored(settings: Path, tmp_path: Path) -> Path:
    """The settings, and a store that has the recorded call."""

    async def fill() -> None:
        store = await Store.open(f"sqlite:///{tmp_path}/calltrackd.db")
        found = await Replay(load(settings, {}, need_secrets=False)).run([TAGGED])
        await save(store, *found, record(5))
        await store.close()

    asyncio.run(fill())
    return settings


def test_diff_finds_nothing_where_nothing_differs(stored: Path) -> None:
    """Exit code 0; calls that the stream does not hold are no difference."""
    result = replay("--diff", "-c", stored, TAGGED)
    assert (result.exit_code, result.stdout) == (0, "1 replayed, 0 differ\n")


def test_diff_finds_a_seeded_difference(stored: Path, tmp_path: Path) -> None:
    """A record that somebody changed: its field, then and now; exit code 1."""

    async def spoil() -> None:
        store = await Store.open(f"sqlite:///{tmp_path}/calltrackd.db")
        async with store.read() as conn:
            found = await calls.list_calls(conn, CallFilter(did="+74950000001"))
        found[0].hung_up_by = "pbx"
        await save(store, found[0])
        await store.close()

    asyncio.run(spoil())
    result = replay("--diff", "-c", stored, TAGGED)
    assert result.exit_code == 1
    assert "hung_up_by: 'pbx' -> 'caller'" in result.stdout
    (found,) = [
        json.loads(line)
        for line in replay("--diff", "--json", "-c", stored, TAGGED).stdout.splitlines()
    ]
    assert found["fields"] == {"hung_up_by": ["pbx", "caller"]}


def test_diff_finds_a_call_that_the_store_lacks(stored: Path) -> None:
    """Told as missing."""
    result = replay("--diff", "-c", stored, QUEUE)
    assert result.exit_code == 1
    assert "not in the store" in result.stdout


def test_diff_needs_settings() -> None:
    """Whose store? A usage error."""
    result = replay("--diff", TAGGED)
    assert result.exit_code == 2
    assert "-c FILE" in result.stderr


def _journal(folder: Path, pbx: str = "hq") -> list[Path]:
    """One call in a journal of tiny segments, oldest first."""
    journal = Journal(folder, pbx, JournalLimits(segment_bytes=1))
    journal.mark(1_795_000_000.0, "reconnect")
    call = Call(1)
    for second, part in enumerate((call.rings, call.answers, call.key_7, call.ends), 1):
        half = len(part) // 2
        journal.append(1_795_000_000.0 + second, part[:half])
        journal.append(1_795_000_000.0 + second + 0.1, part[half:])
    journal.mark(1_795_000_009.0, "eof")
    journal.close()
    paths = sorted(path for path in (folder / pbx).iterdir() if path.name[0].isdigit())
    assert all(Stream(path).header.pbx == pbx for path in paths)
    return paths
