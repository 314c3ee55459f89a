"""Audio files as PBXs leave them."""

import struct
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 8_000


def tone(
    seconds: float, hz: float = 440.0, rate: int = RATE, peak: int = 8_000
) -> NDArray[np.int16]:
    """A sine, (n,)."""
    at = np.arange(round(seconds * rate)) / rate
    return np.asarray(np.rint(np.sin(2 * np.pi * hz * at) * peak), dtype=np.int16)


def stereo(seconds: float = 1.0) -> NDArray[np.int16]:
    """440 Hz left, 1000 Hz right, (n, 2)."""
    return np.stack([tone(seconds), tone(seconds, 1_000)], axis=1)


def write(
    path: Path, samples: NDArray[np.int16], coding: str = "PCM_16", container: str = "WAV"
) -> Path:
    """A proper file by libsndfile."""
    soundfile.write(path, samples, RATE, subtype=coding, format=container)
    return path


def header(
    *,
    size: int,
    tag: int = 1,
    channels: int = 1,
    rate: int = RATE,
    bits: int = 16,
    byte_rate: int | None = None,
    align: int | None = None,
    before: bytes = b"",
) -> bytes:
    """A WAV header that may lie; `size`: of the data; `before`: chunks before it."""
    align = channels * bits // 8 if align is None else align
    byte_rate = rate * align if byte_rate is None else byte_rate
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, byte_rate, align, bits)
    body = b"WAVE" + fmt + before + struct.pack("<4sI", b"data", size)
    return struct.pack("<4sI", b"RIFF", 0) + body
