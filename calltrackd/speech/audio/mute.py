"""A copy of a recording in which chosen seconds are silent: a card number, a name."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from calltrackd.speech.audio import reader
from calltrackd.speech.audio.shape import Shape


def mute(
    path: Path,
    shape: Shape,
    target: Path,
    spans: Iterable[tuple[float, float]],
    channel: int | None = None,
) -> None:
    """Write `target`, a WAV of 16 bits, with silence in the spans (seconds of the file).

    `channel`: only that one is muted; None: all. The target appears when it is whole, and only its
    owner may read it. AudioError, OSError: nothing was written. Blocking.
    """
    silent = sorted((round(a * shape.rate), round(b * shape.rate)) for a, b in spans)
    part = target.with_name(f".{target.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "wb") as file,
            soundfile.SoundFile(
                file, "w", shape.rate, shape.channels, "PCM_16", format="WAV"
            ) as out,
        ):
            at = 0
            for block in reader.blocks(path, shape):
                out.write(_muted(block, at, silent, channel))
                at += len(block)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _muted(
    block: NDArray[np.int16], at: int, silent: Sequence[tuple[int, int]], channel: int | None
) -> NDArray[np.int16]:
    """The block whose first sample is number `at`; a copy, a block may be the file's own memory."""
    out = block.copy()
    which = slice(None) if channel is None else channel
    for begin, end in silent:
        out[max(0, begin - at) : max(0, end - at), which] = 0
    return out
