"""One side's voice in one file, with its place on the call's time line.

A track is plain data: a child process takes it and reads by itself.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calltrackd.model.call import Party
from calltrackd.speech.audio import reader
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.probe import usable
from calltrackd.speech.audio.resample import Resampler
from calltrackd.speech.audio.shape import Shape


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of the line = seconds of the file + `offset_s`."""

    path: Path
    shape: Shape
    party: Party | None
    """None: one channel holds both sides."""
    channel: int = 0
    offset_s: float = 0.0
    """Where the file's first sample lies on the time line."""
    skip_s: float = 0.0
    """Seconds of the file to leave out: ringing, and all else before the answer."""
    duration_s: float
    """Seconds of the file, those left out included."""

    @property
    def begins_s(self) -> float:
        """Where the first sample that is given lies on the time line."""
        return self.offset_s + self.skip_s

    @property
    def ends_s(self) -> float:
        """Where the last one does."""
        return self.offset_s + self.duration_s

    def samples(self, block_s: float = 1.0) -> Iterator[NDArray[np.int16]]:
        """The side's samples at the file's rate, (n,) at a time. AudioError."""
        for block in reader.blocks(self.path, self.shape, self.skip_s, block_s=block_s):
            yield block[:, self.channel]

    def at_rate(self, rate: int, block_s: float = 1.0) -> Iterator[NDArray[np.int16]]:
        """The same at another rate. AudioError; ValueError: no rate of speech."""
        resampler = Resampler(self.shape.rate, rate)
        for block in self.samples(block_s):
            yield resampler.feed(block)
        yield resampler.finish()

    def pcm(self, rate: int, block_s: float = 1.0) -> Iterator[bytes]:
        """The same as an engine takes it: 16 bit, little-endian, one channel. Never empty."""
        for samples in self.at_rate(rate, block_s):
            if len(samples):
                yield samples.astype("<i2").tobytes()


def tracks_of_file(path: Path, caller_channel: int = 1) -> list[Track]:
    """The tracks of a file by itself: two sides of a stereo file, one without a side of a mono.

    AudioError, with the reason: missing, empty, no audio, more than two channels.
    """
    found = usable(path)
    channels = found.shape.channels
    if channels > 2:
        raise AudioError(path, f"it has {channels} channels, a call has two sides")
    if channels == 1:
        parties: list[Party | None] = [None]
    else:
        parties = ["operator", "caller"] if caller_channel == 1 else ["caller", "operator"]
    return [
        Track(
            path=path,
            shape=found.shape,
            party=party,
            channel=channel,
            duration_s=found.duration_s,
        )
        for channel, party in enumerate(parties)
    ]
