"""Recordings that still grow."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.speech.audio.errors import AudioError
from calltrackd.speech.audio.follow import Follower
from tests.speech.audio.files import header, stereo, tone


def append(path: Path, data: bytes) -> None:
    """As the PBX does."""
    with path.open("ab") as file:
        file.write(data)


def test_a_file_is_waited_for(tmp_path: Path) -> None:
    """The event of its start comes before the file does."""
    with Follower(tmp_path / "a.sln16") as follower:
        assert len(follower.poll()) == 0
        append(tmp_path / "a.sln16", tone(1.0, rate=16_000).tobytes())
        assert len(follower.poll()) == 16_000
        assert follower.shape is not None
        assert follower.shape.rate == 16_000
        assert len(follower.poll()) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3_000), max_size=12))
def test_any_growth_gives_the_same_samples(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    """FreeSWITCH's stereo WAV whose sizes are 0, cut anywhere, its header too."""
    path = tmp_path_factory.mktemp("follow") / "a.wav"
    samples = stereo(0.5)
    data = header(size=0, channels=2) + samples.tobytes()
    heard, at = [], 0
    with Follower(path) as follower:
        for step in [*steps, len(data)]:
            append(path, data[at : at + step])
            at += step
            heard.append(follower.poll())
        assert np.array_equal(np.concatenate([one for one in heard if len(one)]), samples)


def test_a_poll_is_bounded(tmp_path: Path) -> None:
    """A follower that fell behind takes the rest in portions."""
    (tmp_path / "a.sln").write_bytes(bytes(3 << 20))
    with Follower(tmp_path / "a.sln") as follower:
        sizes = [len(follower.poll()) for _ in range(4)]
    assert sizes == [1 << 19, 1 << 19, 1 << 19, 0]


def test_a_raw_of_both_legs_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    """The one who asked for option D knows."""
    (tmp_path / "a.raw").write_bytes(stereo(0.1).tobytes())
    with Follower(tmp_path / "a.raw", raw_channels=2) as follower:
        assert np.array_equal(follower.poll(), stereo(0.1))


def test_a_file_that_shrank_is_told(tmp_path: Path) -> None:
    """Another call may have taken its name."""
    (tmp_path / "a.sln").write_bytes(bytes(1_000))
    with Follower(tmp_path / "a.sln") as follower:
        follower.poll()
        (tmp_path / "a.sln").write_bytes(bytes(10))
        with pytest.raises(AudioError, match="shrunk"):
            follower.poll()


@pytest.mark.parametrize(
    ("name", "data"), [("a.gsm", bytes(33)), ("a.wav", b"no header at all"), ("a.mp3", b"ID3" * 9)]
)
def test_what_can_not_be_followed_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    """GSM and mp3 are heard when they are whole."""
    (tmp_path / name).write_bytes(data)
    with Follower(tmp_path / name) as follower, pytest.raises(AudioError):
        follower.poll()
