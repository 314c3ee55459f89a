"""A file's tracks, and samples as an engine wants them."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.tracks import tracks_of_file
from tests.speech.audio.files import stereo, tone, write


def test_channel_0_is_the_operator(tmp_path: Path) -> None:
    """Unless it is said otherwise."""
    path = write(tmp_path / "a.wav", stereo())
    assert [one.party for one in tracks_of_file(path)] == ["operator", "caller"]
    assert [one.party for one in tracks_of_file(path, caller_channel=0)] == ["caller", "operator"]
    left, right = (np.concatenate(list(one.samples())) for one in tracks_of_file(path))
    assert np.array_equal(np.stack([left, right], axis=1), stereo())


def test_one_channel_is_nobody_s(tmp_path: Path) -> None:
    """A mix of both sides has no side."""
    assert [one.party for one in tracks_of_file(write(tmp_path / "a.wav", tone(1)))] == [None]


def test_more_than_two_channels_are_no_call(tmp_path: Path) -> None:
    """With the reason."""
    samples = np.zeros((100, 3), np.int16)
    with pytest.raises(AudioError, match="3 channels"):
        tracks_of_file(write(tmp_path / "a.wav", samples))


def test_pcm_is_resampled_bytes_that_a_child_reads_by_itself(tmp_path: Path) -> None:
    """A track crosses to another process and gives the same there."""
    track = tracks_of_file(write(tmp_path / "a.wav", tone(1.0)))[0]
    pcm = b"".join(pickle.loads(pickle.dumps(track)).pcm(16_000, block_s=0.3))
    assert len(pcm) == 2 * 16_000
    assert pcm == b"".join(track.pcm(16_000))


def test_what_is_to_be_left_out_is(tmp_path: Path) -> None:
    """The first sample given lies `skip_s` after the file's first."""
    track = tracks_of_file(write(tmp_path / "a.wav", tone(1.0)))[0]
    late = replace(track, offset_s=5.0, skip_s=0.25)
    assert np.array_equal(np.concatenate(list(late.samples())), tone(1.0)[2_000:])
    assert (late.begins_s, late.ends_s) == (5.25, 6.0)


def test_an_error_comes_whole_out_of_a_child(tmp_path: Path) -> None:
    """Path and reason survive the way between processes."""
    with pytest.raises(AudioError) as error:
        tracks_of_file(tmp_path / "none.wav")
    again = pickle.loads(pickle.dumps(error.value))
    assert (again.path, again.reason) == (error.value.path, "there is no such file")
