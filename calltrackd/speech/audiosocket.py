"""AudioSocket: audio of one channel over TCP, as Asterisk 18 and later send it.

A message is a kind (1 byte), a length (2 bytes, big-endian) and so many bytes. Source:
res_audiosocket.c of Asterisk 22 and docs.asterisk.org, "AudioSocket". Pure: bytes in, messages out.

    0x00  the channel hung up              0x10  samples of 8 kHz, and 0x11 to 0x18 of higher rates
    0x01  the connection's UUID, 16 bytes  0xff  something went wrong there
    0x03  a key was pressed, 1 byte

Samples are 16 bits, little-endian, mono. A ChanSpy that ends just closes the connection (measured).
"""

from typing import NamedTuple
from uuid import UUID

HANGUP, IDENTITY, KEY, ERROR = 0x00, 0x01, 0x03, 0xFF

RATES = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Kind of a message that bears samples -> samples a second."""

HEAD_BYTES = 3
UUID_BYTES = 16
SAMPLE_BYTES = 2


class ProtocolError(Exception):
    """What came is no AudioSocket; the text says why."""


class Identity(NamedTuple):
    """Whose audio it is: what was asked for by this UUID."""

    uuid: UUID


class Audio(NamedTuple):
    """Samples, PCM16LE mono."""

    rate: int
    pcm: bytes


class Hangup(NamedTuple):
    """No more audio comes. `error`: the PBX says that something went wrong."""

    error: bool


Message = Identity | Audio | Hangup


class AudioSocketCodec:
    """One connection. The first message names it; keys and kinds unknown here are passed over."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._named = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now, cut however they were. ProtocolError."""
        self._bytes += data
        found: list[Message] = []
        while len(self._bytes) >= HEAD_BYTES:
            end = HEAD_BYTES + int.from_bytes(self._bytes[1:HEAD_BYTES], "big")
            self._check_first(self._bytes[0], end - HEAD_BYTES)
            if len(self._bytes) < end:
                break
            message = self._message(self._bytes[0], bytes(self._bytes[HEAD_BYTES:end]))
            del self._bytes[:end]
            if message is not None:
                found.append(message)
        return found

    def _check_first(self, kind: int, length: int) -> None:
        """A stranger is known by its first three bytes: nothing of it is kept."""
        if self._named:
            return
        if kind != IDENTITY or length != UUID_BYTES:
            raise ProtocolError(f"it begins with kind 0x{kind:02x} of {length} bytes, not a UUID")

    def _message(self, kind: int, body: bytes) -> Message | None:
        if kind == IDENTITY:
            if self._named:
                raise ProtocolError("it names itself twice")
            self._named = True
            return Identity(UUID(bytes=body))
        if kind in RATES:
            if len(body) % SAMPLE_BYTES:
                raise ProtocolError("half a sample")
            return Audio(RATES[kind], body) if body else None
        return Hangup(error=kind == ERROR) if kind in {HANGUP, ERROR} else None
