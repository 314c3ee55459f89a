"""Recordings as Asterisk leaves them, of calls in which something is really said."""

import os
from pathlib import Path
from typing import Any

import soundfile

from calltrackd.settings import RecordingSettings
from calltrackd.settings.phrases import Phrase, Script
from calltrackd.settings.speech import Speech, VoskModel
from tests.speech import given

CACHE = Path(__file__).parents[2] / ".cache" / "speech"
LONG_AGO = 1_700_000_000.0


def write(folder: Path, name: str, call: str = "en_coffee_A", *, whole: bool = True) -> list[Path]:
    """`name`.wav (the mix), -in.sln (the client) and -out.sln. `whole`: nobody writes them now."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, rate = soundfile.read(given.call(call), dtype="int16")
    operator, caller = samples[:, 0], samples[:, 1]
    mix = folder / f"{name}.wav"
    soundfile.write(mix, operator // 2 + caller // 2, rate, subtype="PCM_16")
    legs = [folder / f"{name}-in.sln", folder / f"{name}-out.sln"]
    for path, side in zip(legs, (caller, operator), strict=True):
        path.write_bytes(side.astype("<i2").tobytes())
    if whole:
        for path in (mix, *legs):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return [mix, *legs]


def english() -> VoskModel:
    """The English fixture model."""
    return VoskModel(language="en", model=str(given.model("en", CACHE)))


def heard(folder: Path, **speech: Any) -> dict[str, Any]:
    """Settings of a company that listens to the recordings in `folder`."""
    wanted = {"enabled": True, "language": "en", "share": 1.0, "vosk": [english()], **speech}
    return {
        "speech": Speech(**wanted),
        "recordings": RecordingSettings(
            folders=[folder], path_map={"/var/spool/asterisk/rec": str(folder)}
        ),
        "phrase": [
            Phrase(name="refund", match="refund"),
            Phrase(name="greeting", match='"good morning"', side="operator", first_s=5, tag=""),
        ],
        "script": [Script(name="polite", required=["greeting"])],
    }
