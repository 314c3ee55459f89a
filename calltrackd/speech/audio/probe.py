"""What a path holds at this moment: samples, nothing yet, nothing at all, or something else."""

from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

import msgspec
import numpy as np

from calltrackd.speech.audio import bare, decoder, riff
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.shape import Shape

LISTEN_BYTES = 480_000
"""Bytes of a `.raw` by which stereo is told from mono: 15 s of two voices."""


class Usable(msgspec.Struct, frozen=True):
    """There are samples."""

    shape: Shape
    size: int
    """Bytes of the file."""
    duration_s: float
    """Seconds of samples that are there."""
    lost_s: float = 0.0
    """Seconds that the header promises beyond: the file was cut off."""


class Missing(msgspec.Struct, frozen=True):
    """There is no such file (yet)."""

    path: Path
    reason: str = "there is no such file"


class Empty(msgspec.Struct, frozen=True):
    """The file is there, no sample is in it (yet)."""

    path: Path
    size: int
    reason: str = "it holds no sound"


class Unreadable(msgspec.Struct, frozen=True):
    """It is there and no audio that we could read, now or later."""

    path: Path
    reason: str


Probed = Usable | Missing | Empty | Unreadable


def probe(path: Path) -> Probed:
    """Look at a file; never raises for what may lie there. Blocking, some milliseconds."""
    try:
        if not S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would wait for ever
            return Unreadable(path, "it is no file")
        with path.open("rb") as file:
            return _judge(path, file)
    except (FileNotFoundError, NotADirectoryError):
        return Missing(path)
    except OSError as error:
        return Unreadable(path, f"it can't be read: {error.strerror}")
    except (AudioError, riff.HeaderError) as error:
        return Unreadable(path, getattr(error, "reason", str(error)))


def usable(path: Path) -> Usable:
    """The file's samples, or AudioError with the reason why there are none."""
    found = probe(path)
    if isinstance(found, Usable):
        return found
    raise AudioError(path, found.reason)


def _judge(path: Path, file: BinaryIO) -> Probed:
    head = file.read(riff.HEAD_BYTES)
    size = file.seek(0, 2)
    if riff.is_riff(head):
        return _wav(path, file, head, size)
    if path.suffix.lower() == ".wav" and not any(head[:44]):
        # the header's place was kept free and never filled
        blank = Shape("pcm16", 8_000, 1, 44, None, ("there was no header",))
        return _measured(path, blank, size)
    shape = bare.shape_of(path)
    if shape is None:
        return _coded(path, size)
    if bare.may_be_stereo(path):
        file.seek(0)
        heard = np.frombuffer(file.read(LISTEN_BYTES)[: size // 2 * 2], dtype="<i2")
        shape = msgspec.structs.replace(shape, channels=1 + bare.is_interleaved(heard))
    return _measured(path, shape, size)


def _wav(path: Path, file: BinaryIO, head: bytes, size: int) -> Probed:
    end = riff.end_of_data(head)
    tail = b""
    if end is not None and end < size:
        file.seek(end + end % 2)
        tail = file.read(8)
    try:
        shape = riff.shape_of(head, size, tail)
    except riff.HeaderError as error:
        return Unreadable(path, str(error)) if error.whole else Empty(path, size)
    if shape.encoding == "coded":
        return _coded(path, size, shape) if size > shape.offset else Empty(path, size)
    return _measured(path, shape, size)


def _measured(path: Path, shape: Shape, size: int) -> Probed:
    """Seconds by arithmetic: plain samples, and GSM's frames of one length."""
    there = size - shape.offset
    promised = there if shape.length is None else shape.length
    seconds = _seconds(shape, min(there, promised))
    if seconds <= 0:
        return Empty(path, size)
    return Usable(shape, size, seconds, _seconds(shape, max(0, promised - there)))


def _seconds(shape: Shape, count: int) -> float:
    if shape.encoding == "gsm":
        return count // bare.GSM_FRAME_BYTES * bare.GSM_FRAME_SAMPLES / shape.rate
    return count // shape.frame_bytes / shape.rate


def _coded(path: Path, size: int, wav: Shape | None = None) -> Probed:
    if size == 0:
        return Empty(path, size)
    shape, seconds = decoder.measure(path, wav)
    return Usable(shape, size, seconds) if seconds > 0 else Empty(path, size)
