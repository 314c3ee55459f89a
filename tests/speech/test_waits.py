"""When a call's recordings are whole."""

import os
from pathlib import Path

import pytest

from calltrackd.model.call import CallRecord, Recording
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.audio.settle import SettleRules
from calltrackd.speech.waits import GRACE_S, OLD_S, Look, look
from tests.store.build import record

AT = 1_800_000_000.0
RULES = SettleRules(settle_s=3.0, late_s=86_400.0)


@pytest.fixture
def call(tmp_path: Path) -> CallRecord:
    """A call with a recording a side."""
    sides = [Recording(str(tmp_path / f"{side}.sln"), side, AT) for side in ("caller", "operator")]
    return record(recordings=sides)


def written(folder: Path, side: str, size: int, at: float) -> None:
    """The file of a side, as it was last written to at that moment."""
    path = folder / f"{side}.sln"
    path.write_bytes(bytes(size))
    os.utime(path, (at, at))


def looks(call: CallRecord, folder: Path, at: float, last: Look | None = None) -> Look:
    """A look at this moment."""
    return look(call, Finder([folder]), last.note if last else None, at, RULES)


def test_fresh_files_are_whole_when_they_have_not_grown(call: CallRecord, tmp_path: Path) -> None:
    """The second look, settle_s after the first, finds them as they were."""
    for side in ("caller", "operator"):
        written(tmp_path, side, 800, AT)
    first = looks(call, tmp_path, AT)
    assert first.look_at == AT + 3
    assert looks(call, tmp_path, AT + 3, first).look_at is None


def test_file_that_grew_is_looked_at_again(call: CallRecord, tmp_path: Path) -> None:
    """Growth begins the wait anew, and the reason names the file."""
    for side in ("caller", "operator"):
        written(tmp_path, side, 800, AT)
    first = looks(call, tmp_path, AT)
    written(tmp_path, "operator", 1600, AT + 3)
    second = looks(call, tmp_path, AT + 3, first)
    assert second.look_at == AT + 6
    assert second.reason == f"{tmp_path}/operator.sln still grows"


def test_old_files_are_whole_at_once(call: CallRecord, tmp_path: Path) -> None:
    """Nobody writes a file that was last written to a minute ago."""
    for side in ("caller", "operator"):
        written(tmp_path, side, 800, AT - OLD_S)
    assert looks(call, tmp_path, AT).look_at is None


def test_missing_side_is_not_waited_for_all_day(call: CallRecord, tmp_path: Path) -> None:
    """With the other side there, it is given up after ten minutes; without, after late_s."""
    alone = looks(call, tmp_path, AT)
    assert looks(call, tmp_path, AT + GRACE_S, alone).look_at is not None
    assert looks(call, tmp_path, AT + RULES.late_s, alone).look_at is None
    written(tmp_path, "caller", 800, AT - OLD_S)
    beside = looks(call, tmp_path, AT)
    assert beside.look_at is not None
    assert beside.reason == f"{tmp_path}/operator.sln is not there yet"
    assert looks(call, tmp_path, AT + GRACE_S, beside).look_at is None


def test_path_outside_is_never_waited_for(call: CallRecord, tmp_path: Path) -> None:
    """It will not be read, however long one waits."""
    (tmp_path / "elsewhere").mkdir()
    assert looks(call, tmp_path / "elsewhere", AT).look_at is None
