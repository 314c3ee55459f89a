"""One recording that grows, with everything that disks and PBXs do to it meanwhile."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calltrackd.model.call import Recording
from calltrackd.speech.growing import AGAIN_S, BEHIND_S, REPLACED_S, Block, Growing
from tests.speech.audio.files import header, stereo, tone

ANSWER = 1_795_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the recording will be."""
    return tmp_path / "a.wav"


@pytest.fixture
def growing(path: Path) -> Iterator[Growing]:
    """A recording that was asked for a second before the answer."""
    file = Growing(Recording(str(path), "caller", ANSWER - 1.0), path, ANSWER)
    yield file
    file.close()


def write(path: Path, data: bytes, at: float) -> None:
    """As the PBX does, `at` seconds after the answer."""
    with path.open("ab") as file:
        file.write(data)
    os.utime(path, (ANSWER + at, ANSWER + at))


def heard(file: Growing, at: float) -> Block | None:
    """What a look `at` seconds after the answer gives."""
    file.measure(ANSWER + at)
    return file.take(ANSWER + at)


def taken(file: Growing, at: float) -> Block:
    """... when it gives something."""
    block = heard(file, at)
    assert block is not None
    return block


def test_file_that_comes_late(path: Path, growing: Growing) -> None:
    """Nothing, then a header whose sizes are unset, then a torn sample: all is heard once."""
    samples = tone(1.0)
    data = header(size=0) + samples.tobytes()
    assert heard(growing, 0.1) is None
    write(path, data[:20], 0.4)
    assert heard(growing, 0.5) is None
    write(path, data[20:1_001], 0.5)
    first = taken(growing, 0.6)
    write(path, data[1_001:], 1.0)
    last = taken(growing, 1.1)
    assert np.array_equal(np.concatenate([first.samples, last.samples])[:, 0], samples)
    assert last.until == pytest.approx(ANSWER + 1.0)
    assert heard(growing, 1.2) is None


def test_ringing_is_left_out(path: Path, growing: Growing) -> None:
    """A file that has 0.8 s at the answer began before it: only what follows is heard."""
    write(path, header(size=0, channels=2) + stereo(0.8).tobytes(), 0.0)
    assert heard(growing, 0.0) is None
    write(path, stereo(0.5).tobytes(), 0.5)
    block = taken(growing, 0.5)
    assert block.samples.shape == (4_000, 2)
    assert block.until == pytest.approx(ANSWER + 0.5)


def test_old_sound_is_left_to_the_finished_recording(path: Path, growing: Growing) -> None:
    """A daemon that comes amid a call hears the last seconds, in their place."""
    write(path, header(size=0) + tone(60.0).tobytes(), 60.0)
    block = taken(growing, 60.2)
    assert len(block.samples) == BEHIND_S * 8_000
    assert block.until == pytest.approx(ANSWER + 60.0)


def test_file_of_long_ago_is_no_news(path: Path, growing: Growing) -> None:
    """What stood still before we came is known by its own time."""
    write(path, header(size=0) + tone(3.0).tobytes(), 3.0)
    growing.measure(ANSWER + 300.0)
    assert growing.grew_at == ANSWER + 3.0


def test_paused_recording_goes_on_in_its_place(path: Path, growing: Growing) -> None:
    """After a pause of 20 s the next sample is 20 s later, though it is the next in the file."""
    write(path, header(size=0) + tone(1.0).tobytes(), 1.0)
    taken(growing, 1.0)
    for tenth in range(11, 210):
        assert heard(growing, tenth / 10) is None
    write(path, tone(0.5).tobytes(), 21.0)
    assert taken(growing, 21.0).until == pytest.approx(ANSWER + 21.0)


def test_vanished_file_is_heard_to_its_end(path: Path, growing: Growing) -> None:
    """Whoever moves it away while the PBX writes does not end it."""
    write(path, header(size=0) + tone(1.0).tobytes(), 1.0)
    taken(growing, 1.0)
    with path.open("ab") as writer:
        path.unlink()
        assert heard(growing, 1.1) is None
        writer.write(tone(0.5).tobytes())
        writer.flush()
        assert len(taken(growing, 1.5).samples) == 4_000


def test_replaced_file_is_another_one(path: Path, growing: Growing) -> None:
    """What lies under the name now is heard from its beginning, as said after the old one."""
    write(path, header(size=0) + tone(3.0).tobytes(), 3.0)
    taken(growing, 3.0)
    path.rename(path.with_suffix(".old"))
    write(path, header(size=0) + tone(0.5).tobytes(), 5.0)
    assert heard(growing, 3.0 + REPLACED_S) is None
    block = taken(growing, 5.1)
    assert len(block.samples) == 4_000
    assert ANSWER + 4.0 < block.until <= ANSWER + 5.1


def test_shrunken_file_is_read_again_from_its_beginning(path: Path, growing: Growing) -> None:
    """With the reason until then."""
    write(path, header(size=0) + tone(3.0).tobytes(), 3.0)
    taken(growing, 3.0)
    path.write_bytes(header(size=0))
    assert heard(growing, 3.1) is None
    assert "shrunk" in growing.trouble
    write(path, tone(0.5).tobytes(), 8.0)
    assert heard(growing, 3.2) is None
    assert len(taken(growing, 3.1 + AGAIN_S).samples) == 4_000
    assert growing.trouble == ""


def test_share_that_fails_for_a_while(path: Path, growing: Growing) -> None:
    """The same file again: it goes on where we were."""
    write(path, header(size=0) + tone(1.0).tobytes(), 1.0)
    taken(growing, 1.0)
    growing._fail(ANSWER + 1.1, "it can't be read: Stale file handle")
    write(path, tone(5.0).tobytes(), 6.0)
    assert heard(growing, 6.0) is None
    block = taken(growing, 6.2)
    assert len(block.samples) == 40_000
    assert block.until == pytest.approx(ANSWER + 6.0)


def test_what_can_not_be_followed_is_told(tmp_path: Path) -> None:
    """GSM has no sample for a byte."""
    path = tmp_path / "a.gsm"
    path.write_bytes(bytes(330))
    file = Growing(Recording(str(path), "both", ANSWER), path, ANSWER)
    assert heard(file, 1.0) is None
    assert file.trouble == "gsm can't be followed while it grows"


def test_pipe_holds_nobody_up(tmp_path: Path) -> None:
    """A name that leads to a pipe is refused before it is opened."""
    path = tmp_path / "a.wav"
    os.mkfifo(path)
    file = Growing(Recording(str(path), "both", ANSWER), path, ANSWER)
    assert heard(file, 1.0) is None
    assert file.trouble == "it is no file"
