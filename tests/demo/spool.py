"""Recordings for recorded calls: the stream names the files, the plot knows what was said."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from calltrackd.model.call import CallRecord, Recording, public
from calltrackd.pipeline.replay import Replay
from calltrackd.settings import Settings
from tests.demo.check import is_of
from tests.demo.lines import BREATH_S, Line
from tests.demo.plot import SCENES
from tests.lab.sip.sound import DECODED, RATE

SETTLED_S = 1.0
"""From the answer to the first word."""
_LINEAR = np.array(DECODED, dtype="<i2")

Samples = NDArray[np.int16]


async def furnish(stream: Path, spool: str, folder: Path) -> None:
    """Write the recordings that `stream` tells of below `folder`, which stands for `spool`."""
    for record in await Replay(Settings(state_dir=folder)).run([stream]):
        shown = public(record)
        scene = next(one for one in SCENES if is_of(shown, one.expected))
        for recording in record.recordings:
            path = folder / Path(recording.path).relative_to(spool)
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, _samples(record, recording, scene.said), RATE, subtype="PCM_16")


def _samples(record: CallRecord, recording: Recording, said: Sequence[Line]) -> Samples:
    """What the file holds: a side, both in one, or both apart where the PBX writes one file."""
    answered_at = record.answered_at or recording.started_at
    begin_s = max(0.0, answered_at - recording.started_at) + SETTLED_S
    client, operator = (_side(said, side, begin_s) for side in ("client", "operator"))
    match recording.side:
        case "caller":
            return client
        case "operator":
            return operator
    if len(record.recordings) == 1:
        return np.stack([client, operator], axis=1)
    return client // 2 + operator // 2


def _side(said: Sequence[Line], side: str, begin_s: float) -> Samples:
    """One side's turns, with silence while the other speaks."""
    parts = [np.zeros(int(begin_s * RATE), "<i2")]
    for line in said:
        speech = _LINEAR[np.frombuffer(line.turn().speech, np.uint8)]
        parts.append(speech if line.side == side else np.zeros_like(speech))
        parts.append(np.zeros(int(BREATH_S * RATE), "<i2"))
    return np.concatenate([*parts, np.zeros(RATE, "<i2")])
