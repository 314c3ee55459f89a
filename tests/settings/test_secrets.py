"""Secrets from a file, from systemd, in place; shown nowhere."""

from pathlib import Path

import pytest

from calltrackd.settings import Settings, load
from calltrackd.settings.shown import shown
from tests.settings.writing import HOOK, KEY, PBX, TARGET, loaded, mistakes, said, written

BARE = '[[pbx]]\nkind = "asterisk"\nname = "hq"\n'


def password(settings: Settings) -> str:
    """The first PBX's."""
    return settings.pbx[0].secret.get_secret_value()


def test_a_secret_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    """Echo writes one more letter than was meant."""
    written(tmp_path, "hunter2\n", "ami.secret")
    assert password(loaded(tmp_path, BARE + 'secret_file = "ami.secret"')) == "hunter2"


def test_a_systemd_credential_is_read(tmp_path: Path) -> None:
    """LoadCredential= puts it below $CREDENTIALS_DIRECTORY."""
    written(tmp_path, "hunter2\n", "creds/ami")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "creds")}
    assert password(loaded(tmp_path, BARE + 'secret_credential = "ami"', environ)) == "hunter2"


def test_a_file_of_signing_secrets_holds_one_a_line(tmp_path: Path) -> None:
    """Two while one is changed."""
    written(tmp_path, f"{KEY}\n{KEY[:-4]}BBBB\n", "crm.secret")
    secrets = loaded(tmp_path, HOOK + 'secret_file = "crm.secret"').target[0].secrets
    assert [one.get_secret_value()[-4:] for one in secrets] == ["AAAA", "BBBB"]


@pytest.mark.parametrize(
    ("more", "line", "message"),
    [
        ("", 1, "pbx[0].secret: no secret: give one of secret, secret_file, secret_credential"),
        ('secret_file = "nix"', 4, "nix: No such file or directory; let the daemon's user read"),
        ('secret_file = "empty"', 4, "empty is empty"),
        ('secret_credential = "ami"', 4, "put LoadCredential=ami:/etc/calltrackd/ami into the"),
        ('secret_credential = "../x"', 4, "a credential's name has no slash"),
        ('secret_file = "full"\nsecret = "x"', 5, "the secret is given twice"),
        ('secret_file = "two"', 1, "a password is one line"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told(
    tmp_path: Path, more: str, line: int, message: str
) -> None:
    """Once, at its own line, with the mend."""
    written(tmp_path, "\n", "empty")
    written(tmp_path, "hunter2", "full")
    written(tmp_path, "hunter2\nhunter3\n", "two")
    [problem] = mistakes(tmp_path, BARE + more)
    assert problem.place.line == line
    assert message in said([problem], tmp_path)[0]


def test_a_credential_that_the_unit_does_not_hand_over_is_told(tmp_path: Path) -> None:
    """The directory is there, the name is not."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    [problem] = mistakes(tmp_path, BARE + 'secret_credential = "ami"', environ)
    assert "No such file or directory; put LoadCredential=ami:" in problem.message


def test_a_file_and_a_credential_at_once_are_a_mistake(tmp_path: Path) -> None:
    """Nobody could say which of them holds."""
    written(tmp_path, "hunter2", "ami")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    text = BARE + 'secret_credential = "ami"\nsecret_file = "ami"\n'
    [problem] = mistakes(tmp_path, text, environ)
    assert "given twice" in problem.message


def test_commands_that_connect_nowhere_need_no_secrets(tmp_path: Path) -> None:
    """Files and credentials that this user can't read are left alone."""
    path = written(
        tmp_path, f'{BARE}secret_file = "nix"\n{HOOK}secret_credential = "crm"\n[[pbx]]\n'
        'kind = "asterisk"\nname = "b"\n',
    )  # fmt: skip
    settings = load(path, {}, need_secrets=False)
    assert password(settings) == ""
    assert settings.target[0].secrets == []


def test_only_a_target_with_a_mapping_may_be_unsigned(tmp_path: Path) -> None:
    """A receiver with a shape of its own seldom knows our signature."""
    settings = loaded(tmp_path, HOOK + '[target.mapping]\nfields = { phone = "{{ caller }}" }')
    assert settings.target[0].secrets == []


def test_secrets_stand_in_no_representation(tmp_path: Path) -> None:
    """Neither in repr, nor in what `config show` prints."""
    text = (
        PBX
        + TARGET.replace("crm.example/c", "user:pa55@crm.example/rest/t0ken?key=t0ken")
        + '[target.mapping]\nheaders = { X-Api = "t0ken" }\nfields = { a = "b" }\n'
        + '[store]\nurl = "postgresql://u:pa55@db.example/calls"\n'
    )
    settings = loaded(tmp_path, text)
    for whole in (repr(settings), str(settings), str(dict(enumerate(shown(settings))))):
        for secret in ("hunter2", KEY, "pa55", "t0ken"):
            assert secret not in whole
    assert settings.store_url == "postgresql://u:pa55@db.example/calls"
    values = dict(shown(settings))
    assert values["target", 0, "url"] == "https://crm.example/..."
    assert values["target", 0, "mapping", "headers"] == {"X-Api": "(hidden)"}
