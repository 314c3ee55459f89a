"""`calltrackd models`."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from calltrackd.cli import main
from calltrackd.speech.models.trial import spellings
from tests.speech import given
from tests.speech.engines.conftest import CACHE

RULES = """
[speech]
models_dir = "{models}"
[[speech.vosk]]
language = "ru"
model = "vosk-model-lab-ru"
[[phrase]]
name = "coins"
match = "блокчейн"
[[phrase]]
name = "english"
match = "blockchain"
languages = ["en"]
[[phrase]]
name = "beginning"
match = "крипто*"
[[phrase]]
name = "milk"
match = "молоко"
"""


def run(*words: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(main, ["models", *words])


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Settings with the Russian fixture and some rules."""
    given.model("ru", CACHE)
    file = tmp_path / "calltrackd.toml"
    file.write_text(RULES.format(models=CACHE))
    return str(file)


def test_list_marks_what_is_here(tmp_path: Path) -> None:
    """By the folder's names; --json gives its path."""
    (tmp_path / "vosk-model-small-ru-0.22").mkdir()
    shown = run("list", "--language", "ru", "--folder", str(tmp_path)).stdout
    assert "✓" in shown
    assert "Apache-2.0" in shown
    rows = [
        json.loads(line)
        for line in run("list", "--json", "--folder", str(tmp_path)).stdout.splitlines()
    ]
    here = [row["name"] for row in rows if row["path"]]
    assert here == ["vosk-model-small-ru-0.22"]
    assert run("list", "--language", "tlh", "--folder", str(tmp_path)).exit_code == 2


def test_check_warns_of_words_that_can_never_be_heard(config: str) -> None:
    """Those of rules for the model's language; the beginning of a word can't be looked up."""
    done = run("check", "-c", config, "--word", "кетчуп", "--word", "еще")
    assert done.exit_code == 0
    assert "✓ vosk-model-lab-ru: 16000 Hz" in done.stdout
    warning = next(line for line in done.stdout.splitlines() if line.startswith("!"))
    assert "блокчейн" in warning
    assert "кетчуп" in warning
    assert "blockchain" not in warning
    assert "молоко" not in warning
    assert "крипто" not in warning


def test_check_tells_a_model_that_can_not_be_used(tmp_path: Path) -> None:
    """Exit code 1; the others are told all the same."""
    broken = tmp_path / "broken"
    shutil.copytree(given.model("ru", CACHE), broken)
    (broken / "graph/Gr.fst").write_bytes(b"x")
    done = run("check", str(broken), str(CACHE / "vosk-model-lab-ru"), "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert "✗ broken: vosk can't use the model" in done.stdout
    assert "✓ vosk-model-lab-ru" in done.stdout


def test_fetch_knows_names_and_languages_only(tmp_path: Path) -> None:
    """A misprint is a usage error."""
    done = run("fetch", "vosk-model-samll-ru", "--folder", str(tmp_path))
    assert done.exit_code == 2
    assert "calltrackd models list" in done.stderr


def test_fetch_without_the_site_says_so(tmp_path: Path) -> None:
    """One line."""
    done = run("fetch", "ru", "--folder", str(tmp_path), "--from", "http://127.0.0.1:9/")
    assert done.exit_code == 1
    assert "http://127.0.0.1:9/vosk-model-small-ru-0.22.zip can't be fetched" in done.stderr


def test_letter_yo_is_looked_up_both_ways() -> None:
    """Rules are spelled without it, dictionaries either way."""
    assert spellings("еще") == ["еще", "ёще", "ещё"]
