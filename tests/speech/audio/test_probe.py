"""What a path holds: samples, nothing yet, nothing at all, something else."""

import os
from pathlib import Path

import numpy as np
import pytest

from calltrackd.speech.audio.probe import Empty, Missing, Unreadable, Usable, probe
from tests.speech.audio.files import header, stereo, tone, write


def found(path: Path) -> Usable:
    """The file, which must be usable."""
    answer = probe(path)
    assert isinstance(answer, Usable), answer
    return answer


def test_a_whole_wav_is_usable(tmp_path: Path) -> None:
    """Its length is told in seconds, nothing is lost."""
    answer = found(write(tmp_path / "a.wav", stereo(1.5)))
    assert (answer.shape.channels, answer.duration_s, answer.lost_s) == (2, 1.5, 0.0)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    """It may come later, even its folder may."""
    assert isinstance(probe(tmp_path / "a.wav"), Missing)
    assert isinstance(probe(tmp_path / "no" / "a.wav"), Missing)


@pytest.mark.parametrize("name", ["a.wav", "a.sln", "a.sln16", "a.alaw", "a.gsm", "a.mp3"])
def test_no_bytes_are_no_sound_yet(tmp_path: Path, name: str) -> None:
    """Asterisk makes the file at once and writes after 2 to 4 seconds."""
    (tmp_path / name).touch()
    assert isinstance(probe(tmp_path / name), Empty)


@pytest.mark.parametrize("cut", [1, 11, 30, 44, 45])
def test_a_header_without_a_sample_is_no_sound_yet(tmp_path: Path, cut: int) -> None:
    """The header alone, or a part of it, or half a sample."""
    (tmp_path / "a.wav").write_bytes((header(size=0) + b"\1\2")[:cut])
    assert isinstance(probe(tmp_path / "a.wav"), Empty)


def test_a_file_cut_off_tells_what_is_lost(tmp_path: Path) -> None:
    """The header promises 2 s, there are 0.5."""
    whole = tone(0.5).tobytes()
    (tmp_path / "a.wav").write_bytes(header(size=4 * len(whole)) + whole)
    answer = found(tmp_path / "a.wav")
    assert (answer.duration_s, answer.lost_s) == (0.5, 1.5)


def test_a_killed_recording_has_its_sound(tmp_path: Path) -> None:
    """Kill -9 leaves the size at 0 and whole blocks of samples."""
    (tmp_path / "a.wav").write_bytes(header(size=0) + tone(4.096).tobytes())
    answer = found(tmp_path / "a.wav")
    assert answer.duration_s == 4.096
    assert answer.shape.repairs == ("the size was unset",)


def test_a_header_that_was_never_filled_is_telephony(tmp_path: Path) -> None:
    """44 zero bytes, then samples."""
    (tmp_path / "a.wav").write_bytes(bytes(44) + tone(1).tobytes())
    answer = found(tmp_path / "a.wav")
    assert (answer.shape.offset, answer.shape.rate, answer.duration_s) == (44, 8_000, 1.0)


@pytest.mark.parametrize(
    ("name", "count", "seconds"),
    [
        ("a.sln", 16_000, 1.0),
        ("a.sln16", 32_000, 1.0),
        ("a.raw", 16_000, 1.0),
        ("a.alaw", 8_000, 1.0),
        ("a.PCMU", 8_000, 1.0),
        ("a.pcm", 8_000, 1.0),
        ("a.gsm", 3_300, 2.0),
    ],
)
def test_bare_samples_go_by_the_ending(
    tmp_path: Path, name: str, count: int, seconds: float
) -> None:
    """Rate and coding are Asterisk's and FreeSWITCH's for that name."""
    (tmp_path / name).write_bytes(b"\x55" * count)
    assert found(tmp_path / name).duration_s == seconds


def test_raw_of_both_legs_is_heard_as_stereo(tmp_path: Path) -> None:
    """MixMonitor's option D interleaves, the name is the same as without it."""
    hiss = np.random.default_rng(4).integers(-30, 30, (16_000, 2), dtype=np.int16)
    (tmp_path / "two.raw").write_bytes((stereo(2.0) + hiss).tobytes())
    (tmp_path / "one.raw").write_bytes((tone(2.0) + hiss[:, 0]).tobytes())
    assert found(tmp_path / "two.raw").shape.channels == 2
    assert found(tmp_path / "one.raw").shape.channels == 1


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.txt", "passwd"])
def test_text_is_no_audio(tmp_path: Path, name: str) -> None:
    """Whatever it is called, and with a reason."""
    (tmp_path / name).write_text("root:x:0:0:root:/root:/bin/bash\n" * 40)
    answer = probe(tmp_path / name)
    assert isinstance(answer, Unreadable)
    assert answer.reason


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """Opening it would wait for ever."""
    os.mkfifo(tmp_path / "a.wav")
    assert isinstance(probe(tmp_path / "a.wav"), Unreadable)
    assert isinstance(probe(tmp_path), Unreadable)


def test_a_wav49_without_a_size_is_heard_whole(tmp_path: Path) -> None:
    """GSM within WAV, as Asterisk leaves it while it grows."""
    path = write(tmp_path / "a.WAV", tone(1.0), "GSM610")
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = bytes(4)
    path.write_bytes(data)
    assert found(path).duration_s == pytest.approx(1.0, abs=0.05)
