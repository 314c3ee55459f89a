"""WAV headers, true and false ones."""

import struct

import pytest

from calltrackd.speech.audio import riff
from tests.speech.audio.files import header

HEAD = 44


def test_a_true_header_is_taken_at_its_word() -> None:
    """Rate, channels, place and length come from the header, nothing is repaired."""
    shape = riff.shape_of(header(size=320, channels=2, rate=16_000), HEAD + 320)
    assert (shape.encoding, shape.rate, shape.channels) == ("pcm16", 16_000, 2)
    assert (shape.offset, shape.length, shape.repairs) == (HEAD, 320, ())


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_an_unset_size_means_all_that_follows(size: int) -> None:
    """A file that grows or whose writer was killed has samples up to its end."""
    shape = riff.shape_of(header(size=size), HEAD + 1_000)
    assert shape.length is None
    assert shape.repairs == ("the size was unset",)


def test_samples_beyond_a_stale_size_count() -> None:
    """The header was written at an earlier flush: what follows is no chunk's name."""
    shape = riff.shape_of(header(size=100), HEAD + 1_000, tail=b"\x01\xff\x02\xfe\0\0\0\0")
    assert shape.length is None


def test_chunks_behind_the_data_are_no_samples() -> None:
    """A list of remarks after the data stays out."""
    shape = riff.shape_of(header(size=100), HEAD + 130, tail=b"LIST\x16\0\0\0")
    assert shape.length == 100


def test_chunks_before_the_data_are_passed() -> None:
    """The data is where its chunk begins, not at byte 44."""
    junk = struct.pack("<4sI", b"JUNK", 5) + b"12345\0"
    assert riff.shape_of(header(size=8, before=junk), 100, b"").offset == HEAD + len(junk)


@pytest.mark.parametrize("rate", [0, 1, 3_999, 2**32 - 1])
def test_a_rate_that_is_none_follows_from_the_bytes_a_second(rate: int) -> None:
    """Rate 0 would never end in the engine; bytes a second tell what it was."""
    shape = riff.shape_of(header(size=8, rate=rate, byte_rate=32_000), HEAD + 8)
    assert shape.rate == 16_000
    assert shape.repairs == (f"the rate was {rate} Hz",)


def test_without_any_rate_it_is_telephony() -> None:
    """Neither rate nor bytes a second make sense: 8 kHz."""
    assert riff.shape_of(header(size=8, rate=0, byte_rate=0), HEAD + 8).rate == 8_000


def test_no_channels_follow_from_the_bytes_a_frame() -> None:
    """0 channels of 4 bytes a frame are two."""
    assert riff.shape_of(header(size=8, channels=0, align=4), HEAD + 8).channels == 2


@pytest.mark.parametrize(("tag", "encoding"), [(6, "alaw"), (7, "ulaw"), (0x31, "coded")])
def test_codings_are_known_by_their_tags(tag: int, encoding: str) -> None:
    """A-law and mu-law are read here, GSM is libsndfile's."""
    shape = riff.shape_of(header(size=8, tag=tag, bits=0 if tag == 0x31 else 8), HEAD + 8)
    assert shape.encoding == encoding


@pytest.mark.parametrize("cut", range(HEAD))
def test_a_header_that_is_not_whole_may_become_one(cut: int) -> None:
    """Every beginning of a header says that the rest is missing, not that it is no WAV."""
    with pytest.raises(riff.HeaderError) as error:
        riff.shape_of(header(size=8)[:cut], cut)
    assert not error.value.whole


def test_other_bytes_are_no_wav() -> None:
    """Text is told at once."""
    with pytest.raises(riff.HeaderError) as error:
        riff.shape_of(b"hello world, this is text" * 4, 100)
    assert error.value.whole
