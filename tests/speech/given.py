"""The calls and models of tests/data/speech, and more calls where the workshop has them."""

import fcntl
import json
import tarfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "speech"
WORKSHOP = Path(__file__).parents[3] / "shared" / "speech" / "audio" / "calls"
"""All calls that were made, of which DATA holds ten; absent on most machines."""


MODEL, PACKED = "vosk-model-lab-", ".tar.xz"


def names(sets: str = "ABC", folder: Path = DATA / "calls") -> list[str]:
    """The calls of some sets, by the last letter of their names."""
    return sorted(path.stem for path in folder.glob("*.json") if path.stem[-1] in sets)


def call(name: str, folder: Path = DATA / "calls") -> Path:
    """The audio file of a call."""
    found = [folder / f"{name}{ending}" for ending in (".flac", ".wav")]
    return next(path for path in found if path.exists())


def truth(name: str, folder: Path = DATA / "calls") -> dict[str, Any]:
    """What was really said in it, and when."""
    told: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return told


def languages() -> list[str]:
    """Those that a model is there for."""
    return sorted(
        path.name[len(MODEL) : -len(PACKED)] for path in (DATA / "models").glob(f"{MODEL}*{PACKED}")
    )


def model(language: str, folder: Path) -> Path:
    """The model of a language, unpacked below `folder` once, whoever comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{MODEL}{language}"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name / ".whole").exists():
            with tarfile.open(DATA / "models" / f"{name}{PACKED}") as packed:
                packed.extractall(folder, filter="data")
            (folder / name / ".whole").touch()
    return folder / name
