"""How the samples of one file are laid out, whatever its name says."""

from typing import Literal

import msgspec

Encoding = Literal["pcm16", "alaw", "ulaw", "gsm", "coded"]
"""`pcm16` little-endian; `gsm` = bare GSM 06.10 frames; `coded` = libsndfile's (mp3, WAV49 …)."""

SAMPLE_BYTES: dict[Encoding, int] = {"pcm16": 2, "alaw": 1, "ulaw": 1}
"""Encodings whose place in the file is plain arithmetic."""

LOWEST_RATE, HIGHEST_RATE = 4_000, 192_000
"""Hz; what lies outside is a damaged header, and a resampler must not be driven by it."""

MOST_CHANNELS = 8


class Shape(msgspec.Struct, frozen=True):
    """Where the samples lie and how to read them."""

    encoding: Encoding
    rate: int
    """Samples a second of each channel."""
    channels: int
    offset: int = 0
    """Bytes before the first sample."""
    length: int | None = None
    """Bytes of samples; None: up to the end of the file (a header without a size)."""
    repairs: tuple[str, ...] = ()
    """What the header said wrongly, in words."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels; 0 for encodings that are not plain."""
        return SAMPLE_BYTES.get(self.encoding, 0) * self.channels
