"""`calltrackd replay`: whatever the streams come from."""

import json

import pytest
from click.testing import CliRunner

from calltrackd.cli import main
from tests.scenarios.run import recorded

ASTERISK = recorded("asterisk-22", "answered_caller_hangs")
FREESWITCH = recorded("freeswitch", "answered_caller_hangs")


@pytest.mark.parametrize("words", [[], ["--pbx", "freeswitch"]])
def test_a_stream_of_freeswitch(words: list[str]) -> None:
    """Its header says what it is; saying so is allowed."""
    result = CliRunner().invoke(main, ["replay", *words, "--json", str(FREESWITCH)])
    assert result.exit_code == 0, result.stderr
    (record,) = map(json.loads, result.stdout.splitlines())
    assert (record["pbx"], record["outcome"]) == ("freeswitch", "answered")


def test_streams_of_both() -> None:
    """Each is read as what it is."""
    result = CliRunner().invoke(main, ["replay", "--json", str(ASTERISK), str(FREESWITCH)])
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["operators"] for record in records] == [["101"], ["1001"]]


@pytest.mark.parametrize(("make", "stream"), [("asterisk", FREESWITCH), ("freeswitch", ASTERISK)])
def test_a_stream_of_another_make(make: str, stream: object) -> None:
    """It is named, and nothing is printed."""
    result = CliRunner().invoke(main, ["replay", "--pbx", make, "--json", str(stream)])
    assert result.exit_code != 0
    assert str(stream) in result.stderr
    assert result.stdout == ""
