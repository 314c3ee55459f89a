"""A Vosk model's folder, looked at before native code is.

Two layouts are known (vosk-api, src/model.cc): `am/`, `conf/`, `graph/`, and the older one with all
files at the top.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from calltrackd.speech.errors import RefusedError

RATES = (8_000, 96_000)
"""Least and greatest rate of a model, Hz. Rate 0 makes vosk loop for ever."""
DEFAULT_RATE = 16_000
"""Kaldi's own, when mfcc.conf names none."""
_RATE = re.compile(r"^\s*--sample-frequency\s*[=\s]\s*(\S+)", re.MULTILINE)
_NEW = ("am/final.mdl", "conf/mfcc.conf", "graph/phones/word_boundary.int")
_OLD = ("final.mdl", "mfcc.conf", "word_boundary.int")
_GRAPHS = (("HCLG.fst",), ("HCLr.fst", "Gr.fst"))


@dataclass(frozen=True)
class ModelFolder:
    """A folder that looks like a model."""

    path: Path
    sample_rate: int
    """Of the samples that it wants, Hz."""

    @property
    def name(self) -> str:
        """As it stands in transcripts."""
        return self.path.name


def look(path: Path) -> ModelFolder:
    """The model in a folder. RefusedError: it is none, or a file of it is missing or empty."""
    path = path.absolute()
    if not path.is_dir():
        what = "is a file: unpack it" if path.exists() else "does not exist"
        raise RefusedError(f"the model {path} {what} (calltrackd models fetch brings models)")
    new = (path / "am").is_dir()
    graph = path / "graph" if new else path
    for name in _NEW if new else _OLD:
        _must_hold(path / name)
    fitting = next((kind for kind in _GRAPHS if (graph / kind[0]).exists()), _GRAPHS[-1])
    for name in fitting:
        _must_hold(graph / name)
    return ModelFolder(path, _rate(path / (_NEW if new else _OLD)[1]))


def _must_hold(file: Path) -> None:
    try:
        if not file.stat().st_size:
            raise RefusedError(f"no whole model: {file} is empty")
    except OSError as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else str(error.strerror)
        raise RefusedError(f"no whole model: {file} {why}") from None


def _rate(conf: Path) -> int:
    found = _RATE.findall(conf.read_text("utf-8", "replace"))
    if not found:
        return DEFAULT_RATE
    try:
        rate = float(found[-1])
    except ValueError:
        rate = 0.0
    if not RATES[0] <= rate <= RATES[1] or rate != int(rate):
        raise RefusedError(f"{conf}: sample-frequency {found[-1]} is no rate of speech")
    return int(rate)
