"""The AudioSocket protocol, cut anyhow."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltrackd.speech.audiosocket import (
    Audio,
    AudioSocketCodec,
    Hangup,
    Identity,
    Message,
    ProtocolError,
)

NAME = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")


def message(kind: int, body: bytes = b"") -> bytes:
    """As it goes over the wire."""
    return bytes([kind]) + len(body).to_bytes(2, "big") + body


NAMED = message(0x01, NAME.bytes)
PCM = bytes(range(256)) + bytes(64)


def fed(*pieces: bytes) -> list[Message]:
    """What one connection gives."""
    codec = AudioSocketCodec()
    return [one for piece in pieces for one in codec.feed(piece)]


TALK = NAMED + message(0x10, PCM) + message(0x03, b"5") + message(0x12, PCM) + message(0x00)
HEARD = [Identity(NAME), Audio(8_000, PCM), Audio(16_000, PCM), Hangup(error=False)]


@given(st.lists(st.integers(0, len(TALK)), max_size=12))
def test_any_cut_gives_the_same(cuts: list[int]) -> None:
    """However TCP cuts it, the messages are the same; a key is passed over."""
    places = [0, *sorted(cuts), len(TALK)]
    assert fed(*(TALK[a:b] for a, b in pairwise(places))) == HEARD


def test_byte_by_byte() -> None:
    """One byte at a time."""
    assert fed(*(bytes([one]) for one in TALK)) == HEARD


@pytest.mark.parametrize(
    ("kind", "rate"),
    [(0x10, 8_000), (0x11, 12_000), (0x13, 24_000), (0x15, 44_100), (0x16, 48_000)],
)
def test_rates(kind: int, rate: int) -> None:
    """The kind tells the rate."""
    assert fed(NAMED, message(kind, PCM))[1:] == [Audio(rate, PCM)]


def test_error_is_an_end() -> None:
    """The PBX's error ends it, and says so; silence of no length is nothing."""
    assert fed(NAMED, message(0x10), message(0xFF, b"\x04"))[1:] == [Hangup(error=True)]


@pytest.mark.parametrize(
    "first",
    [b"GET / HTTP/1.1\r\n", message(0x10, PCM), message(0x01, b"short"), message(0x00)],
)
def test_stranger_is_refused_at_once(first: bytes) -> None:
    """Who does not begin with a UUID is known by three bytes, before anything is kept of it."""
    with pytest.raises(ProtocolError):
        fed(first[:3])


@pytest.mark.parametrize("second", [NAMED, message(0x10, b"abc")])
def test_broken_later(second: bytes) -> None:
    """A second name and half a sample are no AudioSocket."""
    with pytest.raises(ProtocolError):
        fed(NAMED, second)


@given(st.binary(max_size=200))
def test_noise_breaks_nothing(noise: bytes) -> None:
    """Whatever comes after the name, the codec gives messages or a ProtocolError."""
    codec = AudioSocketCodec()
    codec.feed(NAMED)
    try:
        codec.feed(noise)
    except ProtocolError:
        return
