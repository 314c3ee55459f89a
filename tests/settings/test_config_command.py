"""`calltrackd config`, as one calls it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from calltrackd.cli.config import config
from tests.settings.writing import PBX, TARGET, written


def called(*words: str | Path) -> Result:
    """What the command did."""
    return CliRunner().invoke(config, [str(word) for word in words])


def test_check_says_that_sound_settings_can_be_used(tmp_path: Path) -> None:
    """Exit code 0, counts on stdout, notes on stderr."""
    path = written(tmp_path, PBX + TARGET)
    result = called("check", "-c", path)
    assert result.exit_code == 0
    assert result.stdout == f"{path} can be used: 1 PBX, 0 numbers, 1 target\n"
    assert "note: no [[number]]" in result.stderr


def test_check_tells_every_mistake(tmp_path: Path) -> None:
    """Exit code 2, one line a mistake."""
    path = written(tmp_path, "[log]\nlevle = 1\n[wbe]\n")
    result = called("check", "-c", path)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "calltrackd: the settings have 2 mistakes:",
        f"{path}:2: log.levle: no such setting; did you mean level?",
        f"{path}:3: wbe: no such setting; did you mean web?",
    ]


def test_check_tells_mistakes_as_json(tmp_path: Path) -> None:
    """One object a mistake, for whoever deploys by script."""
    path = written(tmp_path, "[log]\nlevle = 1\n")
    result = called("check", "--json", "-c", path)
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "place": f"{path}:2",
        "path": "log.levle",
        "message": "no such setting; did you mean level?",
    }


def test_check_can_leave_secrets_alone(tmp_path: Path) -> None:
    """Outside the unit there are no credentials."""
    path = written(tmp_path, PBX.replace('secret = "hunter2"', 'secret_credential = "ami"'))
    assert called("check", "-c", path).exit_code == 2
    assert called("check", "--without-secrets", "-c", path).exit_code == 0


def test_show_prints_values_with_their_places_and_hides_secrets(tmp_path: Path) -> None:
    """File and line, or that it is a default."""
    path = written(tmp_path, PBX + "[log]\nlevel = 'debug'\n")
    lines = called("show", "-c", path).stdout.splitlines()
    assert f'log.level = "debug"  # {path}:6' in lines
    assert "web.port = 9147  # default" in lines
    assert f'pbx[0].secret = "(hidden)"  # {path}:4' in lines
    assert "keypad.undo = (not set)  # default" in lines


def test_show_prints_json(tmp_path: Path) -> None:
    """One object a setting."""
    path = written(tmp_path, "[log]\nlevel = 'debug'\n")
    rows = [json.loads(line) for line in called("show", "--json", "-c", path).stdout.splitlines()]
    assert {"path": "log.level", "value": "debug", "from": f"{path}:2"} in rows


def test_schema_is_json(tmp_path: Path) -> None:
    """What an editor reads."""
    assert json.loads(called("schema").stdout)["title"] == "calltrackd settings"
