"""Which recordings of a call that lives are heard, and on which side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from calltrackd.model.call import CallRecord, Recording
from calltrackd.model.channel import Side
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.followed import SIDES_LATER_S, SILENT_S, Followed, Polled
from tests.speech.audio.files import header, stereo, tone

ANSWER = 1_795_000_000.0
HEAD = header(size=0)
LOUD = tone(0.5).tobytes()


def record(**files: Side) -> CallRecord:
    """A call whose PBX named these files; `__` stands for a dot."""
    recordings = [
        Recording(f"/rec/{name.replace('__', '.')}", side, ANSWER) for name, side in files.items()
    ]
    return CallRecord(
        id="c", pbx="hq", direction="inbound", started_at=ANSWER - 3, answered_at=ANSWER,
        recordings=recordings,
    )  # fmt: skip


@contextmanager
def following(folder: Path, call: CallRecord, caller_channel: int = 0) -> Iterator[Followed]:
    """The call's files are expected in `folder`."""
    followed = Followed(call, Finder([folder], {"/rec": str(folder)}), caller_channel)
    yield followed
    followed.close()


def write(folder: Path, at: float, **files: bytes) -> None:
    """Growth of files, `at` seconds after the answer."""
    for name, data in files.items():
        with (folder / name.replace("__", ".")).open("ab") as file:
            file.write(data)


def sides(polled: Polled) -> dict[str, int]:
    """Samples by side."""
    return {piece.source.side: len(piece.samples) for piece in polled.pieces}


def names(polled: Polled) -> set[tuple[str, str]]:
    """File and side of what is heard."""
    return {(source.path.rpartition("/")[2], source.side) for source in polled.sources}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are written now, whatever its clock says."""
    monkeypatch.setattr(
        "calltrackd.speech.audio.follow.Follower.written_at", lambda _self: float("inf")
    )


def test_two_sides(tmp_path: Path) -> None:
    """Each file is its side's; the mix beside them is not heard."""
    call = record(a__wav="both", in__sln="caller", out__sln="operator")
    with following(tmp_path, call) as followed:
        write(tmp_path, 0.5, a__wav=HEAD + LOUD, in__sln=LOUD, out__sln=LOUD[:4_001])
        polled = followed.poll(ANSWER + 0.5)
        assert sides(polled) == {"caller": 4_000, "operator": 2_000}
        assert {piece.until for piece in polled.pieces} == {ANSWER + 0.5, ANSWER + 0.25}
        assert names(polled) == {("in.sln", "caller"), ("out.sln", "operator")}


@pytest.mark.parametrize("caller_channel", [0, 1])
def test_stereo(tmp_path: Path, caller_channel: int) -> None:
    """A channel is a side, as the settings say."""
    with following(tmp_path, record(a__wav="both"), caller_channel) as followed:
        samples = stereo(0.5)
        write(tmp_path, 0.5, a__wav=header(size=0, channels=2) + samples.tobytes())
        heard = {p.source.side: p.samples for p in followed.poll(ANSWER + 0.5).pieces}
    assert np.array_equal(heard["caller"], samples[:, caller_channel])
    assert np.array_equal(heard["operator"], samples[:, 1 - caller_channel])


def test_mix_alone_is_heard(tmp_path: Path) -> None:
    """As in finished calls, on one side."""
    with following(tmp_path, record(a__wav="both")) as followed:
        write(tmp_path, 0.5, a__wav=HEAD + LOUD)
        assert sides(followed.poll(ANSWER + 0.5)) == {"caller": 4_000}


def test_mix_waits_for_the_sides(tmp_path: Path) -> None:
    """A moment only, and then nothing of it is lost."""
    call = record(a__wav="both", in__sln="caller", out__sln="operator")
    with following(tmp_path, call) as followed:
        write(tmp_path, 0.5, a__wav=HEAD + LOUD)
        assert followed.poll(ANSWER + 0.5) == Polled([], frozenset())
        assert sides(followed.poll(ANSWER + 0.5 + SIDES_LATER_S)) == {"caller": 4_000}


def test_sides_that_come_late_take_over(tmp_path: Path) -> None:
    """The mix is heard no more."""
    call = record(a__wav="both", in__sln="caller", out__sln="operator")
    with following(tmp_path, call) as followed:
        write(tmp_path, 0.5, a__wav=HEAD + LOUD)
        followed.poll(ANSWER + 0.5)
        followed.poll(ANSWER + 4.0)
        write(tmp_path, 4.5, a__wav=LOUD, in__sln=LOUD, out__sln=LOUD)
        polled = followed.poll(ANSWER + 4.5)
        assert names(polled) == {("in.sln", "caller"), ("out.sln", "operator")}
        assert sides(polled) == {"caller": 4_000, "operator": 4_000}


def test_next_recording_takes_over_when_the_first_stands_still(tmp_path: Path) -> None:
    """The channel that was recorded left: the other file is heard from there on."""
    call = record(a__sln="operator")
    with following(tmp_path, call) as followed:
        write(tmp_path, 0.5, a__sln=LOUD)
        assert names(followed.poll(ANSWER + 0.5)) == {("a.sln", "operator")}
        followed.recordings = [
            *call.recordings, Recording("/rec/b.sln", "operator", ANSWER + 1.0)
        ]  # fmt: skip
        write(tmp_path, 1.0, a__sln=LOUD, b__sln=LOUD)
        assert names(followed.poll(ANSWER + 1.0)) == {("a.sln", "operator")}
        write(tmp_path, 1.5, b__sln=LOUD)
        assert followed.poll(ANSWER + 1.5).pieces == []
        polled = followed.poll(ANSWER + 1.0 + SILENT_S)
        assert names(polled) == {("b.sln", "operator")}
        assert sides(polled) == {"operator": 4_000}


def test_file_outside_of_the_folders_is_not_read(tmp_path: Path) -> None:
    """A caller may have chosen the name."""
    with following(tmp_path, record(**{"..__..__etc__passwd": "both"})) as followed:
        followed.recordings = [Recording("/rec/../../etc/x.wav", "both", ANSWER)]
        assert followed.poll(ANSWER + 1.0) == Polled([], frozenset())
        kind, reason = followed.why_silent()
    assert kind == "left out"
    assert "outside the folders" in reason


def test_raw_is_left_to_the_finished_recording(tmp_path: Path) -> None:
    """Nobody knows whether it holds one side or both before it was heard for a while."""
    with following(tmp_path, record(a__raw="both")) as followed:
        write(tmp_path, 0.5, a__raw=LOUD)
        assert followed.poll(ANSWER + 0.5).pieces == []
        assert "does not tell" in followed.why_silent()[1]


def test_more_channels_than_sides_are_not_heard(tmp_path: Path) -> None:
    """Nobody knows who speaks in four."""
    with following(tmp_path, record(a__wav="both")) as followed:
        write(tmp_path, 0.5, a__wav=header(size=0, channels=4) + LOUD)
        assert followed.poll(ANSWER + 0.5).pieces == []


def test_reasons_of_silence(tmp_path: Path) -> None:
    """No recording at all, one that is not there, one that can't be followed."""
    with following(tmp_path, record()) as followed:
        followed.poll(ANSWER)
        assert followed.why_silent() == ("none", "the PBX tells of no recording of it")
        followed.recordings = [Recording("/rec/a.wav", "both", ANSWER)]
        followed.poll(ANSWER)
        assert followed.why_silent() == ("silent", f"{tmp_path}/a.wav: no sound in it yet")
        write(tmp_path, 0.5, a__wav=b"no header, but text")
        followed.poll(ANSWER + 0.5)
        assert followed.why_silent()[0] == "unread"


def test_close_amid_a_poll_does_not_wait(tmp_path: Path) -> None:
    """A share that hangs holds up the poller, not the daemon; the files are closed after it."""
    arrived, go_on = threading.Event(), threading.Event()

    class Slow(Finder):
        """Hangs."""

        def find(self, path: str) -> Path:
            """Once it is told to."""
            arrived.set()
            assert go_on.wait(10)
            return super().find(path)

    write(tmp_path, 0.5, a__wav=HEAD + LOUD)
    followed = Followed(record(a__wav="both"), Slow([tmp_path], {"/rec": str(tmp_path)}), 0)
    polling = threading.Thread(target=followed.poll, args=(ANSWER + 0.5,))
    polling.start()
    assert arrived.wait(10)
    followed.close()
    go_on.set()
    polling.join(10)
    assert [file._follower._file for file in followed._files.values()] == [None]
    assert followed.poll(ANSWER + 1.0) == Polled([], frozenset())
