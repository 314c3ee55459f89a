"""Settings files for tests, and what loading them says."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from calltrackd.settings import Problem, Settings, SettingsError, load

PBX = '[[pbx]]\nkind = "asterisk"\nname = "hq"\nsecret = "hunter2"\n'
FS = '[[pbx]]\nkind = "freeswitch"\nname = "fs"\nsecret = "hunter2"\n'
KEY = "whsec_" + "A" * 32
HOOK = '[[target]]\nkind = "webhook"\nname = "crm"\nurl = "https://crm.example/c"\n'
TARGET = f'{HOOK}secrets = ["{KEY}"]\n'


def written(folder: Path, text: str, name: str = "calltrackd.toml") -> Path:
    """The text as a file in the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), "utf-8")
    return path


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file with this text."""
    return load(written(folder, text), environ or {})


def mistakes(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[Problem]:
    """What is wrong with a file of this text."""
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text, environ)
    return list(caught.value.problems)


def said(problems: list[Problem], folder: Path) -> list[str]:
    """The problems as a user reads them, the folder's path left out."""
    return [str(problem).replace(f"{folder}/", "") for problem in problems]
