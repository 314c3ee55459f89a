"""Which files of a call are heard, from which second on."""

from pathlib import Path

import numpy as np
import pytest

from calltrackd.model.call import CallRecord, Recording
from calltrackd.model.channel import Side
from calltrackd.speech.audio.gather import Gathered, first_sample_at, gather
from calltrackd.speech.audio.paths import Finder
from tests.speech.audio.files import stereo, tone, write

STARTED, ANSWERED, ENDED = 1_000.0, 1_003.0, 1_006.0


def record(*recordings: Recording, answered: float | None = ANSWERED) -> CallRecord:
    """A call that rang for 3 s and talked for 3."""
    return CallRecord(
        id="a",
        pbx="hq",
        direction="inbound",
        started_at=STARTED,
        answered_at=answered,
        ended_at=ENDED,
        recordings=list(recordings),
    )


def recorded(
    folder: Path, name: str, side: Side, seconds: float, *, channels: int = 1, at: float = STARTED
) -> Recording:
    """A file and its line in the record."""
    samples = stereo(seconds) if channels == 2 else tone(seconds)
    write(folder / name, np.asarray(samples))
    return Recording(name, side, at)


def heard(folder: Path, *recordings: Recording) -> Gathered:
    """What is gathered of a call."""
    return gather(record(*recordings), Finder([folder]))


def test_ringing_is_left_out(tmp_path: Path) -> None:
    """FreeSWITCH's file of 6 s holds 3 s of ringing before 3 s of talk."""
    got = heard(tmp_path, recorded(tmp_path, "a.wav", "both", 6.0, channels=2))
    assert [(one.party, one.channel, one.skip_s) for one in got.tracks] == [
        ("caller", 0, 3.0),
        ("operator", 1, 3.0),
    ]
    assert got.answer_s == 3.0


def test_a_file_that_begins_with_the_answer_is_heard_whole(tmp_path: Path) -> None:
    """Asterisk's recording was asked for at the ringing, its sound began with the talk."""
    got = heard(tmp_path, recorded(tmp_path, "a.wav", "caller", 3.0))
    assert [(one.offset_s, one.skip_s) for one in got.tracks] == [(0.0, 0.0)]
    assert got.answer_s == 0.0


@pytest.mark.parametrize(
    ("asked", "ended", "lasts", "first"),
    [
        (STARTED, ENDED, 6.0, 1_000.0),
        (STARTED, ENDED, 3.0, 1_003.0),
        (STARTED, ENDED, 4.5, 1_001.5),
        (STARTED, ENDED, 9.0, 1_000.0),
        (STARTED, ENDED, 1.0, 1_003.0),
        (1_004.0, ENDED, 1.5, 1_004.0),
        (STARTED, None, 1.0, 1_003.0),
    ],
)
def test_the_moment_of_the_first_sample(
    asked: float, ended: float | None, lasts: float, first: float
) -> None:
    """Between the asking and the answer, so that the file ends with the call."""
    recording = Recording("a.wav", "caller", asked)
    assert first_sample_at(recording, ANSWERED, ended, lasts) == first


def test_both_sides_apart_come_before_a_mix(tmp_path: Path) -> None:
    """MixMonitor with r() and t() writes three files of one talk."""
    got = heard(
        tmp_path,
        recorded(tmp_path, "mix.wav", "both", 3.0),
        recorded(tmp_path, "r.wav", "caller", 3.0),
        recorded(tmp_path, "t.wav", "operator", 3.0),
    )
    assert {(one.path.name, one.party) for one in got.tracks} == {
        ("r.wav", "caller"),
        ("t.wav", "operator"),
    }


def test_stereo_comes_before_a_side_alone(tmp_path: Path) -> None:
    """Half a talk is worse than the whole one."""
    got = heard(
        tmp_path,
        recorded(tmp_path, "r.wav", "caller", 3.0),
        recorded(tmp_path, "both.wav", "both", 3.0, channels=2),
    )
    assert {one.path.name for one in got.tracks} == {"both.wav"}


def test_recordings_one_after_the_other_are_all_heard(tmp_path: Path) -> None:
    """A transfer may begin another file; its place on the time line is told."""
    got = heard(
        tmp_path,
        recorded(tmp_path, "one.wav", "both", 1.0, channels=2, at=1_003.0),
        recorded(tmp_path, "two.wav", "both", 1.0, channels=2, at=1_004.5),
    )
    assert [(one.path.name, one.offset_s) for one in got.tracks[::2]] == [
        ("one.wav", 0.0),
        ("two.wav", 1.5),
    ]


def test_files_that_may_come_are_told_from_those_that_won_t(tmp_path: Path) -> None:
    """A late file is waited for; text and a path outside are not."""
    (tmp_path / "text.wav").write_text("this is no sound, whatever its name says" * 3)
    (tmp_path / "begun.wav").touch()
    got = heard(
        tmp_path,
        *(
            Recording(path, "both", STARTED)
            for path in ("late.wav", "begun.wav", "text.wav", "../x")
        ),
    )
    assert got.tracks == []
    assert [(one.path, one.wait) for one in got.absent] == [
        ("late.wav", True),
        ("begun.wav", True),
        ("text.wav", False),
        ("../x", False),
    ]


def test_a_call_without_an_answer_is_not_listened_to(tmp_path: Path) -> None:
    """What a caller says to the ringing is nobody's business."""
    recording = recorded(tmp_path, "a.wav", "both", 3.0, channels=2)
    assert gather(record(recording, answered=None), Finder([tmp_path])) == Gathered()
