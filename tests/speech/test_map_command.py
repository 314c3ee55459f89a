"""`calltrackd speech map`."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from calltrackd.cli import main
from tests.speech import given

CALL = str(given.call("en_coffee_A"))


def called(*words: str) -> Result:
    """The command, as from a shell."""
    return CliRunner().invoke(main, ["speech", "map", *words])


def mapped(*words: str) -> dict[str, object]:
    """Its JSON."""
    result = called("--json", *words)
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.output)
    return found


def test_json_is_one_object_with_the_promised_names() -> None:
    """Segments by side in seconds from the file's start, and what follows from them."""
    found = mapped(CALL)
    assert {"segments", "shares", "silence_s", "interruptions", "longest_monologue"} <= set(found)
    first = found["segments"][0]
    truth = given.truth("en_coffee_A")["segments"][0]
    assert set(first) == {"side", "start", "end"}
    assert first["side"] == truth["role"]
    assert first["start"] == pytest.approx(truth["start"], abs=0.1)


def test_the_caller_can_be_in_the_other_channel() -> None:
    """The same segments, the sides exchanged."""
    usual, turned = mapped(CALL), mapped("--caller-channel", "0", CALL)
    other = {"operator": "caller", "caller": "operator"}
    assert [other[one["side"]] for one in usual["segments"]] == [
        one["side"] for one in turned["segments"]
    ]


def test_two_files_are_one_call(tmp_path: Path) -> None:
    """Asterisk's r() and t() files give what the stereo file gives."""
    samples, rate = soundfile.read(CALL, dtype="int16")
    for channel, name in enumerate(("operator.wav", "caller.wav")):
        soundfile.write(tmp_path / name, samples[:, channel], rate)
    sides = [str(tmp_path / "operator.wav"), "--caller-file", str(tmp_path / "caller.wav")]
    assert mapped(*sides) == mapped(CALL)


def test_people_see_who_spoke_how_much() -> None:
    """A line a side, and the longest monologue."""
    result = called(CALL)
    assert result.exit_code == 0
    assert "operator" in result.output
    assert "longest monologue" in result.output


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.wav", "no such file"),
        ("empty.wav", "no sound"),
        ("text.wav", "no audio"),
        ("mono.wav", "--caller-file"),
    ],
)
def test_a_file_without_a_map_is_told_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    """Exit code 1, and why."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not a sound of it, but a hundred letters of text" * 2)
    soundfile.write(tmp_path / "mono.wav", np.zeros(800, np.int16), 8_000)
    result = called(str(tmp_path / name))
    assert result.exit_code == 1
    assert reason in result.output
    assert result.output.count("\n") == 1
