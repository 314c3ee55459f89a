"""`calltrackd calls list|show`."""

import json
from pathlib import Path

import pytest

from calltrackd.model.call import public
from tests.cli.conftest import House
from tests.cli.records import answered, identity


def listed(house: House, *words: str) -> list[str]:
    """The last digit of each call's id, in the order listed."""
    result = house.run("calls", "list", "--json", *words)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["id"][-1] for line in result.stdout.splitlines()]


def test_list_shows_the_newest_first(house: House) -> None:
    """Without a filter all calls come."""
    assert listed(house) == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--missed"], ["1"]),
        (["--outcome", "busy"], ["2"]),
        (["--direction", "inbound"], ["1", "0"]),
        (["--caller", "8 (999) 000-00-00"], ["2"]),
        (["--number", "+74950000001"], ["1", "0"]),
        (["--operator", "102"], ["0"]),
        (["--tag", "order"], ["0"]),
        (["--without-tag", "order"], ["2", "1"]),
        (["--since", "2026-11-23T08:43:00Z"], ["2", "1"]),
        (["--until", "2026-11-23T08:43:00Z"], ["0"]),
        (["--pbx", "elsewhere"], []),
        (["--limit", "1"], ["2"]),
    ],
)
def test_list_filters(house: House, words: list[str], ids: list[str]) -> None:
    """Each filter leaves the calls that fit; numbers are taken in any form of the region."""
    assert listed(house, *words) == ids


def test_list_is_a_table_for_people(house: House) -> None:
    """The table bears the id, and says where more is when the limit was reached."""
    result = house.run("calls", "list", "--limit", "2", "--missed")
    beginning = result.stdout.splitlines()[1].split()[0]
    assert identity(1).startswith(beginning)
    assert "missed (no answer)" in result.stdout
    result = house.run("calls", "list", "--limit", "2")
    assert "the newest 2 calls; more by --limit" in result.stderr


def test_show_takes_the_beginning_of_an_id_and_tells_the_call(house: House) -> None:
    """The story of the call, or with --json the record as every other part shows it."""
    result = house.run("calls", "show", identity(0))
    assert "101 transfers the client to 102 without asking" in result.stdout
    result = house.run("calls", "show", "--json", identity(0))
    assert json.loads(result.stdout) == {**public(answered(0, recordings=[])), "version": 1}


def test_unknown_and_ambiguous_ids_are_one_clear_line(house: House) -> None:
    """Exit code 1, the id and the mend, no traceback."""
    result = house.run("calls", "show", "ffff")
    assert result.exit_code == 1
    assert (
        result.stderr == "calltrackd: no call has the id ffff: calltrackd calls list shows them\n"
    )
    result = house.run("calls", "show", "01a2")
    assert result.exit_code == 1
    assert result.stderr == "calltrackd: several calls begin with '01a2'\n"


def test_wrong_time_is_a_usage_error(house: House) -> None:
    """Exit code 2 and the forms that are known."""
    result = house.run("calls", "list", "--since", "soon")
    assert result.exit_code == 2
    assert "known are: today" in result.stderr


def test_missing_settings_are_a_clear_line(tmp_path: Path, house: House) -> None:
    """The place and the mend, exit code 2."""
    result = house.run("calls", "list", "-c", str(tmp_path / "none.toml"), config=False)
    assert result.exit_code == 2
    assert "the settings can't be used:" in result.stderr
    assert "none.toml" in result.stderr


def test_missing_database_is_not_made(house: House) -> None:
    """A command that only reads leaves no empty database behind."""
    for file in house.folder.glob("calltrackd.db*"):
        file.unlink()
    result = house.run("calls", "list")
    assert result.exit_code == 1
    assert "there is no database" in result.stderr
    assert not list(house.folder.glob("calltrackd.db*"))


def test_settings_come_from_the_environment_too(house: House) -> None:
    """CALLTRACKD_CONFIG names the settings file."""
    env = {"CALLTRACKD_CONFIG": str(house.config)}
    result = house.run("calls", "list", "--json", config=False, env=env)
    assert len(result.stdout.splitlines()) == 3
