"""Seconds made silent in a copy."""

from pathlib import Path

import numpy as np
import pytest

from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.mute import mute
from calltrackd.speech.audio.probe import usable
from calltrackd.speech.audio.shape import Shape
from tests.speech.audio.files import stereo, write
from tests.speech.audio.test_reader import read


def test_the_spans_are_silent_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    """Spans may touch, cross a block, and reach beyond the file; the original stays."""
    path = write(tmp_path / "a.wav", stereo(3.0))
    mute(path, usable(path).shape, tmp_path / "b.wav", [(0.9, 1.1), (1.1, 1.2), (2.5, 99.0)])
    wanted = stereo(3.0)
    wanted[7_200:9_600] = 0
    wanted[20_000:] = 0
    assert np.array_equal(read(tmp_path / "b.wav"), wanted)
    assert np.array_equal(read(path), stereo(3.0))


def test_one_side_can_be_muted_alone(tmp_path: Path) -> None:
    """The caller tells a card's number, the operator stays audible."""
    path = write(tmp_path / "a.wav", stereo(1.0))
    mute(path, usable(path).shape, tmp_path / "b.wav", [(0.0, 1.0)], channel=1)
    heard = read(tmp_path / "b.wav")
    assert np.array_equal(heard[:, 0], stereo(1.0)[:, 0])
    assert not heard[:, 1].any()


def test_only_the_owner_may_read_the_copy(tmp_path: Path) -> None:
    """It is a client's voice."""
    path = write(tmp_path / "a.wav", stereo(0.1))
    mute(path, usable(path).shape, tmp_path / "b.wav", [])
    assert (tmp_path / "b.wav").stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_of_a_copy_that_failed(tmp_path: Path) -> None:
    """No half a file under the target's name, nor beside it."""
    with pytest.raises(AudioError):
        mute(tmp_path / "no.wav", Shape("pcm16", 8_000, 1), tmp_path / "b.wav", [])
    assert list(tmp_path.iterdir()) == []
