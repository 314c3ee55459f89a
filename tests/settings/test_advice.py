"""What `config check` says of settings that can be used."""

from pathlib import Path

import pytest

from calltrackd.settings.advice import advise
from calltrackd.settings.load import load_with_places
from tests.settings.writing import FS, PBX, TARGET, written

WHOLE = PBX + TARGET + "[[number]]\ndid = '84950000001'\n[[keypad.map]]\nkeys = { 1 = 'sale' }\n"


def advice(folder: Path, text: str, mode: int = 0o640) -> list[str]:
    """The advice on a file with this text and mode."""
    path = written(folder, text)
    path.chmod(mode)
    return advise(*load_with_places(path, {}))


def test_a_sound_file_gets_none(tmp_path: Path) -> None:
    """Silence is the best advice."""
    assert advice(tmp_path, WHOLE) == []


def test_an_empty_file_is_told_what_it_does_not_do(tmp_path: Path) -> None:
    """One line for each thing that would be missed later."""
    assert [line.split(":")[0] for line in advice(tmp_path, "")] == [
        "no [[pbx]]", "no [[number]]", "no [[target]]", "no [[keypad.map]]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[web]\nhost = '0.0.0.0'", "web.host = 0.0.0.0: calls can be read without a login"),
        ("[[pbx]]\nkind = 'asterisk'\nname = 'b'\nhost = 'pbx2'\nsecret = 'x'", "unencrypted"),
        (FS + "host = 'pbx2'", "an event socket has no TLS, use a tunnel"),
        (FS.replace("hunter2", "ClueCon"), "pbx fs: ClueCon is the password that everybody knows"),
    ],
)
def test_an_open_door_is_told(tmp_path: Path, more: str, message: str) -> None:
    """Allowed, but hardly meant."""
    [sentence] = advice(tmp_path, WHOLE + more)
    assert message in sentence


def test_a_secret_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    """Once a file, with the mend."""
    [sentence] = advice(tmp_path, WHOLE, mode=0o644)
    assert sentence.endswith(f"chmod o-r {tmp_path}/calltrackd.toml")


def test_a_secret_file_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    """The file itself, not the one that names it."""
    secret = written(tmp_path, "hunter2", "ami.secret")
    secret.chmod(0o644)
    text = WHOLE.replace('secret = "hunter2"', 'secret_file = "ami.secret"')
    assert [str(secret) in line for line in advice(tmp_path, text)] == [True]
