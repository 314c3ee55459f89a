"""WAV headers as PBXs leave them: sizes unset while a file grows, stale or zero after a crash.

Measured: FreeSWITCH's sizes are 0 until the file is closed, Asterisk's are wrong until then, and
both stay so after kill -9. Pure: bytes in, a shape out. The chunks are RFC 2361's and those of
Microsoft's "Multimedia Programming Interface and Data Specifications 1.0".
"""

from collections.abc import Iterator
from struct import Struct

from calltrackd.speech.audio.shape import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, Encoding, Shape

HEAD_BYTES = 65_536
"""Bytes from the start of a file in which its `data` chunk is expected to begin."""

EXTENSIBLE = 0xFFFE
ENCODINGS: dict[tuple[int, int], Encoding] = {(1, 16): "pcm16", (6, 8): "alaw", (7, 8): "ulaw"}
"""(format tag, bits a sample) that we read ourselves."""

_CHUNK = Struct("<4sI")
_FORMAT = Struct("<HHIIHH")
_TELEPHONY = 8_000


class HeaderError(Exception):
    """The bytes are no WAV header; `whole` False: they may become one as the file grows."""

    def __init__(self, reason: str, *, whole: bool = True) -> None:
        super().__init__(reason)
        self.whole = whole


def is_riff(head: bytes) -> bool:
    """RIFF, or RF64 for more than 4 GiB; a head that is still too short may be one."""
    return (head[:4] == b"RF64" or b"RIFF".startswith(head[:4])) and b"WAVE".startswith(head[8:12])


def shape_of(head: bytes, size: int, tail: bytes = b"") -> Shape:
    """The shape of a WAV file of `size` bytes that begins with `head` (up to HEAD_BYTES).

    `tail`: the 8 bytes that follow the data as the header measures it, b"" when there are none;
    they tell a list of further chunks from samples that were written after the header.
    HeaderError: no WAV, or not enough of it.
    """
    fmt, offset, told = _chunks(head)
    repairs: list[str] = []
    tag, channels, rate, byte_rate, align, bits = _fields(fmt)
    encoding = ENCODINGS.get((tag, bits))
    if encoding is None and tag in (1, 6, 7) and bits == 0:
        encoding = ENCODINGS[tag, 16 if tag == 1 else 8]
        repairs.append("no bits a sample")
    width = 2 if encoding == "pcm16" else 1
    channels = _channels(channels, align // width, repairs)
    rate = _rate(rate, byte_rate // max(1, align or width * channels), repairs)
    length = _length(told, size - offset, tail, repairs)
    return Shape(encoding or "coded", rate, channels, offset, length, tuple(repairs))


def end_of_data(head: bytes) -> int | None:
    """Where the data ends by the header, or None when the header doesn't tell yet."""
    try:
        _, offset, told = _chunks(head)
    except HeaderError:
        return None
    return offset + told


def _walk(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + _CHUNK.size <= len(head):
        name, length = _CHUNK.unpack_from(head, at)
        yield name, at + _CHUNK.size, length
        at += _CHUNK.size + length + length % 2


def _chunks(head: bytes) -> tuple[bytes, int, int]:
    """The body of `fmt `, where the data begins, and how long the header says it is."""
    if not is_riff(head):
        raise HeaderError("it has no WAV header", whole=len(head) >= 12)
    fmt = b""
    for name, at, length in _walk(head):
        if name == b"fmt ":
            fmt = head[at : at + length]
        elif name == b"data":
            if len(fmt) < _FORMAT.size:
                raise HeaderError("its WAV header tells no format")
            return fmt, at, length
    raise HeaderError("its WAV header has no data", whole=len(head) >= HEAD_BYTES)


def _fields(fmt: bytes) -> tuple[int, int, int, int, int, int]:
    """Tag, channels, rate, bytes a second, bytes a frame, bits a sample."""
    tag, channels, rate, byte_rate, align = _FORMAT.unpack_from(fmt)[:5]
    bits = _FORMAT.unpack_from(fmt)[5]
    if tag == EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    return tag, channels, rate, byte_rate, align, bits


def _channels(told: int, by_align: int, repairs: list[str]) -> int:
    if 1 <= told <= MOST_CHANNELS:
        return told
    repairs.append(f"channels were {told}")
    return by_align if 1 <= by_align <= MOST_CHANNELS else 1


def _rate(told: int, by_bytes: int, repairs: list[str]) -> int:
    """The rate field, else what bytes a second make of it, else telephony's."""
    if LOWEST_RATE <= told <= HIGHEST_RATE:
        return told
    repairs.append(f"the rate was {told} Hz")
    return by_bytes if LOWEST_RATE <= by_bytes <= HIGHEST_RATE else _TELEPHONY


def _length(told: int, there: int, tail: bytes, repairs: list[str]) -> int | None:
    """Bytes of samples, None: all that follow. A size that promises more stays: it is a fact."""
    if told in (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000):
        repairs.append("the size was unset")
        return None
    if told < there and not _more_chunks(tail):
        repairs.append(f"the size was {told} of {there} bytes")
        return None
    return told


def _more_chunks(tail: bytes) -> bool:
    """What follows the data begins with a chunk's name in ASCII, or is padding only."""
    name = tail[:4]
    return len(name) < 4 or (name.isascii() and name.decode("ascii").isprintable())
