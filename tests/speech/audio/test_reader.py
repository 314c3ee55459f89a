"""Every coding gives the samples that were put in, by any block."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from calltrackd.speech.audio import reader
from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.probe import usable
from tests.speech.audio.files import header, stereo, tone, write

CODINGS = [
    ("a.wav", "PCM_16", "WAV", 0),
    ("a.wav", "ALAW", "WAV", 256),
    ("a.wav", "ULAW", "WAV", 256),
    ("a.sln", "PCM_16", "RAW", 0),
    ("a.alaw", "ALAW", "RAW", 256),
    ("a.ulaw", "ULAW", "RAW", 256),
    ("a.flac", "PCM_16", "FLAC", 0),
    ("a.wav", "FLOAT", "WAV", 1),
]
"""File, coding, container, and by how much a sample may differ."""


def read(path: Path, **limits: float) -> NDArray[np.int16]:
    """All samples at once."""
    found = list(reader.blocks(path, usable(path).shape, **limits))
    return np.concatenate(found) if found else np.zeros((0, 1), np.int16)


@pytest.mark.parametrize(("name", "coding", "container", "off"), CODINGS)
def test_a_coding_gives_its_samples(
    tmp_path: Path, name: str, coding: str, container: str, off: int
) -> None:
    """Linear ones exactly, companded ones within a step of their law."""
    samples = tone(1.0)
    heard = read(write(tmp_path / name, samples, coding, container))
    assert heard.shape == (8_000, 1)
    assert np.abs(heard[:, 0].astype(int) - samples).max() <= off


@pytest.mark.parametrize(
    ("name", "coding", "container"),
    [("a.gsm", "GSM610", "RAW"), ("a.wav", "GSM610", "WAV"), ("a.mp3", "MPEG_LAYER_III", "MP3")],
)
def test_a_lossy_coding_sounds_alike(
    tmp_path: Path, name: str, coding: str, container: str
) -> None:
    """GSM and mp3 keep the tone at its pitch, for its time."""
    heard = read(write(tmp_path / name, tone(2.0), coding, container))[:, 0]
    spectrum = np.abs(np.fft.rfft(heard[4_000:12_000].astype(float)))
    assert len(heard) == pytest.approx(16_000, abs=400)
    assert spectrum.argmax() == 440


def test_channels_stay_apart(tmp_path: Path) -> None:
    """Left is left."""
    samples = stereo(0.5)
    assert np.array_equal(read(write(tmp_path / "a.wav", samples)), samples)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (0.25, None), (0.25, 0.75), (0.9, 7), (3, 4)]
)
def test_a_stretch_is_cut_to_the_sample(
    tmp_path: Path, name: str, start: float, end: float | None
) -> None:
    """Also where a decoder can't seek, and beyond the end there is nothing."""
    samples = tone(1.0)
    path = write(tmp_path / name, samples, container=Path(name).suffix[1:].upper())
    limits = {"start_s": start, "block_s": 0.1} | ({} if end is None else {"end_s": end})
    wanted = samples[round(start * 8_000) : None if end is None else round(end * 8_000)]
    assert np.array_equal(read(path, **limits)[:, 0], wanted)


def test_blocks_are_bounded(tmp_path: Path) -> None:
    """No block is longer than asked, so memory does not depend on the call."""
    path = write(tmp_path / "a.wav", stereo(3.1))
    sizes = [len(block) for block in reader.blocks(path, usable(path).shape, block_s=0.5)]
    assert sizes == [4_000] * 6 + [800]


def test_remarks_behind_the_data_are_not_heard(tmp_path: Path) -> None:
    """The header's size ends the samples."""
    path = tmp_path / "a.wav"
    path.write_bytes(header(size=200) + tone(0.0125).tobytes() + b"LIST\x04\0\0\0abcd")
    assert len(read(path)) == 100


def test_a_file_that_went_away_is_an_error(tmp_path: Path) -> None:
    """Between the look and the reading."""
    path = write(tmp_path / "a.wav", tone(0.1))
    shape = usable(path).shape
    path.unlink()
    with pytest.raises(AudioError, match="can't be read"):
        list(reader.blocks(path, shape))
