"""`calltrackd doctor` as an admin calls it, against a manager that answers like a real one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from calltrackd.cli.doctor import PASSWORD, doctor
from tests.doctor.manager import SECRET, manager

Calling = Callable[..., Result]


@pytest.fixture
def port() -> Iterator[int]:
    """A manager with the replies of the Asterisk 22 whose endpoints 120 and alice are spoilt."""
    with manager("asterisk-22") as opened:
        yield opened


@pytest.fixture
def call(tmp_path: Path) -> Calling:
    """Writes settings, calls the command."""

    def calling(port: int, *arguments: str, secret: str = SECRET, more: str = "") -> Result:
        file = tmp_path / "calltrackd.toml"
        pbx = f'[[pbx]]\nkind = "asterisk"\nname = "hq"\nport = {port}\nlogin = "plain"\n'
        own = f'secret = "{secret}"\n' if secret else 'secret_credential = "ami"\n'
        file.write_text('state_dir = "."\n' + pbx + own + more)
        command: click.Command = doctor
        return CliRunner().invoke(command, ["-c", str(file), *arguments])

    return calling


TAGGING = '[[keypad.map]]\nkeys = { "5" = "price" }\n'


def test_seeded_faults_are_found_and_make_exit_code_1(port: int, call: Calling) -> None:
    """Endpoint 120 sends keys inband: an error once keys are tags, with the line that mends it."""
    result = call(port, more=TAGGING)
    assert result.exit_code == 1
    assert "hq: Asterisk 22.10.1" in result.output
    assert "DTMF mode is inband: 120" in result.output
    assert "dtmf_mode=rfc4733" in result.output
    assert "1 error" in result.output


def test_findings_that_lose_nothing_leave_exit_code_0(port: int, call: Calling) -> None:
    """Without key maps the same PBX only deserves notes and warnings."""
    result = call(port)
    assert result.exit_code == 0, result.output
    assert "0 errors" in result.output


def test_json_has_every_field(port: int, call: Calling) -> None:
    """One object: what was found and whether all is well."""
    result = call(port, "--json", more=TAGGING)
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert {"phones.dtmf_mode", "phones.pattern"} <= {one["check"] for one in found["findings"]}
    assert set(found["findings"][0]) == {"check", "severity", "pbx", "what", "means", "mend"}


def test_wrong_password_is_told_once(port: int, call: Calling) -> None:
    """No retry, no traceback: the finding says what to mend."""
    result = call(port, secret="wrong")
    assert result.exit_code == 1
    assert "refuses the manager user 'calltrackd'" in " ".join(result.output.split())


def test_pbx_that_does_not_listen(call: Calling) -> None:
    """A closed port is an error finding, not a crash."""
    with manager("asterisk-22") as closed:
        pass
    result = call(closed)
    assert result.exit_code == 1
    assert "no session as calltrackd" in result.output


def test_another_user_needs_no_secret_of_the_daemon(
    port: int, call: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon's credential is systemd's own; an admin looks with his."""
    monkeypatch.setenv(PASSWORD, SECRET)
    result = call(port, "--as", "admin", secret="")
    assert result.exit_code == 0, result.output
    assert "hq: Asterisk 22.10.1" in result.output


def test_settings_that_cannot_be_used_are_exit_code_2(port: int, call: Calling) -> None:
    """As with every command."""
    result = call(port, more="[nonsense]\n")
    assert result.exit_code == 2


def test_nothing_of_the_password_is_printed(port: int, call: Calling) -> None:
    """Neither ours nor the one in manager.conf."""
    result = call(port, "--json", secret=SECRET)
    assert "never-to-be-seen" not in result.output
    assert SECRET not in json.dumps(json.loads(result.stdout))
