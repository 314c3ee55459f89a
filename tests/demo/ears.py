"""Whether words can be heard on this machine: Vosk, and the two small models of the fixtures."""

import lzma
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.speech import given

PATIENCE_S = 60.0
LANGUAGES = ("ru", "en")


class Ears(NamedTuple):
    """Language -> folder of its model; none of them, and `reason`: words can't be heard."""

    models: Mapping[str, Path]
    reason: str = ""


def ears(cache: Path) -> Ears:
    """What there is to hear with; models are unpacked below `cache`, once."""
    if reason := _without_vosk():
        return Ears({}, reason)
    try:
        return Ears({language: given.model(language, cache) for language in LANGUAGES})
    except (OSError, lzma.LZMAError, tarfile.TarError) as error:
        return Ears({}, f"the models can't be unpacked: {error}")


def _without_vosk() -> str:
    """Why Vosk can't be used here. Asked in a child: its library may not fit this machine."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import vosk"],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"Vosk did not load in {PATIENCE_S:.0f} s"
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    return f"Vosk can't be used: {last}"
