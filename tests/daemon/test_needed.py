"""The note of what is needed of a journal."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from calltrackd.daemon.needed import NAME, NeededFrom


def test_note_is_read_again(tmp_path: Path) -> None:
    """What was written is there for the next process."""
    NeededFrom(tmp_path).write(17)
    assert NeededFrom(tmp_path).read() == 17
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_no_note_and_a_spoilt_note(tmp_path: Path) -> None:
    """Neither keeps the daemon from starting; a spoilt one is told."""
    assert NeededFrom(tmp_path).read() is None
    (tmp_path / NAME).write_bytes(b"\xff\n")
    with capture_logs() as logs:
        assert NeededFrom(tmp_path).read() is None
    assert [line["event"] for line in logs] == ["journal.note_unusable"]


def test_full_disk_leaves_the_old_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older number is as safe; told once, written when there is room."""
    note = NeededFrom(tmp_path)
    note.write(3)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with capture_logs() as logs, monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        note.write(9)
        note.write(9)
    assert [line["event"] for line in logs] == ["journal.note_unwritten"]
    assert note.read() == 3
    note.write(9)
    assert note.read() == 9
