"""Bytes that come cut anywhere, as pieces that a native engine digests."""

from collections.abc import Iterator

SAMPLE_BYTES = 2
PIECE_BYTES = 1 << 16
"""The most that is handed to an engine at once: 2 s at 16 kHz."""


class Samples:
    """Whole samples in pieces of at most PIECE_BYTES; half a sample waits for its other half."""

    def __init__(self) -> None:
        self._half = b""

    def feed(self, pcm: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Pieces of `bytes`, never anything else: engines refuse other buffers."""
        data = self._half + bytes(pcm)
        whole = len(data) - len(data) % SAMPLE_BYTES
        self._half = data[whole:]
        for start in range(0, whole, PIECE_BYTES):
            yield data[start : min(start + PIECE_BYTES, whole)]
