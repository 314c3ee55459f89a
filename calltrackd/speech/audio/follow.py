"""A recording that still grows, read as it grows.

Measured: Asterisk's `.sln16` grows by 1.02 s at a time, a `.wav` by 2.05 s; FreeSWITCH's by 20 ms
with `enable_file_write_buffering=false`; both write a WAV's sizes at the end only.
"""

import os
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from calltrackd.speech.audio import bare, companding, riff
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.shape import SAMPLE_BYTES, Shape

POLL_BYTES = 1 << 20
"""Most that one poll reads, so that a follower that fell behind takes no more memory."""


class Follower:
    """Keeps its place in one growing file. `raw_channels`: of a `.raw`, whose name tells none."""

    def __init__(self, path: Path, raw_channels: int = 1) -> None:
        self.path = path
        self.shape: Shape | None = None
        self._raw_channels = raw_channels
        self._file: BinaryIO | None = None
        self._at = 0

    def poll(self) -> NDArray[np.int16]:
        """What was added since, (n, channels); nothing while the file or its header is not there.

        Call again at once while it gives something. Blocking, by at most POLL_BYTES of reading.
        AudioError: it shrank, or it is of a kind that can't be followed (then wait for its end).
        """
        try:
            size = self._size()
            if self.shape is None and not self._found(size):
                return np.zeros((0, 1), np.int16)
            return self._more(size)
        except OSError as error:
            raise AudioError(self.path, f"it can't be read: {error.strerror}") from None

    def frames(self) -> int:
        """Frames that the file holds now, read or not; 0 while it or its header is not there.

        AudioError, as `poll`.
        """
        try:
            size = self._size()
            if self.shape is None and not self._found(size):
                return 0
        except OSError as error:
            raise AudioError(self.path, f"it can't be read: {error.strerror}") from None
        if size < self._at:
            raise AudioError(self.path, "it has shrunk while it was followed")
        return self._frame(size)

    @property
    def position(self) -> int:
        """The frame that `poll` gives next."""
        return self._frame(self._at)

    def skip_to(self, frame: int) -> None:
        """Leave out what lies before a frame; never goes back."""
        if self.shape is not None:
            self._at = max(self._at, self.shape.offset + frame * self.shape.frame_bytes)

    @property
    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the open file, which its path may not lead to any more."""
        return None if self._file is None else _identity(os.fstat(self._file.fileno()))

    def written_at(self) -> float:
        """When something was written last, unix seconds on the clock of its disk; 0: no file."""
        return 0.0 if self._file is None else os.fstat(self._file.fileno()).st_mtime

    def is_replaced(self) -> bool:
        """Whether its path leads to another file by now; one that is gone only is none."""
        try:
            return self.identity not in (None, _identity(self.path.stat()))
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "Follower":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _frame(self, at: int) -> int:
        """The frame at a byte of the file."""
        return 0 if self.shape is None else (at - self.shape.offset) // self.shape.frame_bytes

    def _size(self) -> int:
        """Bytes there are; 0 while there is no file. It stays open, so a move does not matter."""
        if self._file is None:
            try:
                if not S_ISREG(self.path.stat().st_mode):  # a pipe would be waited for for ever
                    raise AudioError(self.path, "it is no file")
                self._file = self.path.open("rb")
            except FileNotFoundError:
                return 0
        return os.fstat(self._file.fileno()).st_size

    def _found(self, size: int) -> bool:
        """Whether the layout is known by now."""
        if self._file is None or size == 0:
            return False
        self._file.seek(0)
        shape = self._layout(self._file.read(riff.HEAD_BYTES), size)
        if shape is not None and shape.encoding not in SAMPLE_BYTES:
            raise AudioError(self.path, f"{shape.encoding} can't be followed while it grows")
        self.shape = shape
        self._at = 0 if shape is None else shape.offset
        return shape is not None

    def _layout(self, head: bytes, size: int) -> Shape | None:
        shape = bare.shape_of(self.path)
        if shape is not None and not (len(head) >= 12 and riff.is_riff(head)):
            stereo = bare.may_be_stereo(self.path) and self._raw_channels > 1
            return Shape(shape.encoding, shape.rate, self._raw_channels) if stereo else shape
        try:
            return riff.shape_of(head, size)
        except riff.HeaderError as error:
            if error.whole:
                raise AudioError(self.path, str(error)) from None
            return None

    def _more(self, size: int) -> NDArray[np.int16]:
        if self._file is None or self.shape is None:
            return np.zeros((0, 1), np.int16)
        if size < self._at:
            raise AudioError(self.path, "it has shrunk while it was followed")
        width = self.shape.frame_bytes
        whole = min(size - self._at, POLL_BYTES) // width * width
        self._file.seek(self._at)
        data = self._file.read(whole)
        samples = companding.linear(data, self.shape)
        self._at += len(samples) * width
        return samples


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
