"""G.711 to linear samples, by a table that libsndfile fills."""

import io
from functools import cache

import numpy as np
import soundfile
from numpy.typing import NDArray

from calltrackd.speech.audio.shape import Encoding, Shape


@cache
def table(law: Encoding) -> NDArray[np.int16]:
    """The 256 samples that one byte can stand for."""
    every = io.BytesIO(bytes(range(256)))
    linear, _ = soundfile.read(
        every, dtype="int16", samplerate=8_000, channels=1, format="RAW", subtype=law.upper()
    )
    return np.asarray(linear, dtype=np.int16)


def linear(data: bytes, shape: Shape) -> NDArray[np.int16]:
    """Whole frames of a plain encoding as (n, channels); a torn one at the end is left out."""
    whole = data[: len(data) // shape.frame_bytes * shape.frame_bytes]
    if shape.encoding == "pcm16":
        flat = np.frombuffer(whole, dtype="<i2").astype(np.int16, copy=False)
    else:
        flat = table(shape.encoding)[np.frombuffer(whole, dtype=np.uint8)]
    return flat.reshape(-1, shape.channels)
