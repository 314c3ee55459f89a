"""libsndfile, by soundfile: GSM, WAV49, mp3 and whatever else a PBX or its admin may record to.

Measured with libsndfile 1.2.2: an hour of mp3 takes 0.9 s; WAV49 with a size of 0 gives nothing,
with a size of 0xFFFFFFFF everything; bare GSM and mp3 can't be sought in exactly, so what is to be
left out is read and thrown away. mpg123 inside it writes to stderr on damaged frames.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.shape import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, Shape

UNSET = (0xFFFFFFFF).to_bytes(4, "little")


class _Mended(io.FileIO):
    """A WAV whose size of data reads as endless; the file itself stays as it is."""

    def __init__(self, path: Path, data_at: int) -> None:
        super().__init__(path)
        self._size_at = data_at - len(UNSET)

    def readinto(self, buffer: Any, /) -> int:
        """What libsndfile reads by."""
        at = self.tell()
        count = super().readinto(buffer) or 0
        for place, byte in enumerate(UNSET, self._size_at - at):
            if 0 <= place < count:
                memoryview(buffer).cast("B")[place] = byte
        return count


@contextmanager
def _opened(path: Path, shape: Shape | None) -> Iterator[Any]:
    """A SoundFile; AudioError when libsndfile knows nothing of it, or it is gone."""
    with ExitStack() as closing:
        try:
            source = _source(path, shape, closing)
            if shape is not None and shape.encoding == "gsm":
                file = soundfile.SoundFile(source, "r", shape.rate, 1, "GSM610", format="RAW")
            else:
                file = soundfile.SoundFile(source)
        except OSError as error:
            raise AudioError(path, f"it can't be read: {error.strerror}") from None
        except soundfile.SoundFileError as error:
            reason = f"it is no audio that we know: {_said(error)}"
            raise AudioError(path, reason) from None
        yield closing.enter_context(file)


def _source(path: Path, shape: Shape | None, closing: ExitStack) -> Path | _Mended:
    """The path itself, or the file with its size mended."""
    if shape is None or not shape.offset or shape.length is not None:
        return path
    return closing.enter_context(_Mended(path, shape.offset))


def _said(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")


def measure(path: Path, wav: Shape | None = None) -> tuple[Shape, float]:
    """The shape of a coded file and its seconds; `wav`: what its RIFF header says. AudioError."""
    offset, length = (0, None) if wav is None else (wav.offset, wav.length)
    with _opened(path, wav) as file:
        rate, channels = file.samplerate, file.channels
        if not (LOWEST_RATE <= rate <= HIGHEST_RATE and 1 <= channels <= MOST_CHANNELS):
            raise AudioError(path, f"{channels} channels at {rate} Hz are no call")
        repairs = () if wav is None else wav.repairs
        return Shape("coded", rate, channels, offset, length, repairs), file.frames / rate


def blocks(path: Path, shape: Shape, first: int, count: int) -> Iterator[NDArray[np.int16]]:
    """Samples from `first` on, (up to `count`, channels) at a time. AudioError."""
    with _opened(path, shape) as file:
        left_out = 0
        try:
            while len(block := file.read(count, dtype="int16", always_2d=True)):
                if left_out < first:
                    cut = min(first - left_out, len(block))
                    left_out, block = left_out + cut, block[cut:]
                if len(block):
                    yield block
        except soundfile.SoundFileError as error:
            raise AudioError(path, f"it breaks off: {_said(error)}") from None
