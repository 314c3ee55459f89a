"""A recording as a stream of blocks: eight hours take no more memory than a minute."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.audio import companding, decoder
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.shape import SAMPLE_BYTES, Shape


def blocks(
    path: Path,
    shape: Shape,
    start_s: float = 0.0,
    end_s: float | None = None,
    block_s: float = 1.0,
) -> Iterator[NDArray[np.int16]]:
    """Samples between two seconds of the file, (n, channels) at a time, n up to `block_s`.

    What the file lacks is simply not there. AudioError: it is gone, or breaks off.
    """
    first = round(max(0.0, start_s) * shape.rate)
    left = None if end_s is None else max(0, round(end_s * shape.rate) - first)
    count = max(1, round(block_s * shape.rate))
    plain = shape.encoding in SAMPLE_BYTES
    source = (_plain if plain else decoder.blocks)(path, shape, first, count)
    for block in source:
        if left is not None:
            block = block[:left]  # noqa: PLW2901 - the same block, shortened
            left -= len(block)
        if len(block):
            yield block
        if left == 0:
            return


def _plain(path: Path, shape: Shape, first: int, count: int) -> Iterator[NDArray[np.int16]]:
    width = shape.frame_bytes
    left = shape.length
    try:
        with path.open("rb") as file:
            file.seek(shape.offset + first * width)
            if left is not None:
                left -= first * width
            while left is None or left >= width:
                data = file.read(count * width if left is None else min(count * width, left))
                if len(data) < width:
                    return
                left = None if left is None else left - len(data)
                yield companding.linear(data, shape)
    except OSError as error:
        raise AudioError(path, f"it can't be read: {error.strerror}") from None
