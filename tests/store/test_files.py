from pathlib import Path

import pytest

from calltrackd.store.files import Removed, delete


@pytest.fixture
def monitor(tmp_path: Path) -> Path:
    """The folder into which the PBX records."""
    folder = tmp_path / "monitor"
    folder.mkdir()
    return folder


def test_files_below_an_allowed_folder_are_deleted(monitor):
    """Absolute and relative paths, in subfolders too."""
    (monitor / "2026").mkdir()
    one, two = monitor / "a.wav", monitor / "2026" / "b.wav"
    one.touch()
    two.touch()
    assert delete([str(one), "2026/b.wav"], [monitor]) == Removed(deleted=[str(one), "2026/b.wav"])
    assert not one.exists()
    assert not two.exists()


def test_relative_path_is_looked_for_in_each_folder(monitor, tmp_path):
    """The second folder has it: that one goes."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.wav").touch()
    assert delete(["a.wav"], [monitor, other]).deleted == ["a.wav"]
    assert not (other / "a.wav").exists()


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "x/../../secret", ".", ""])
def test_nothing_outside_is_touched(monitor, tmp_path, path):
    """Whatever the PBX wrote into the path, only the allowed folders are touched."""
    secret = tmp_path / "secret"
    secret.touch()
    assert delete([path], [monitor]) == Removed(outside=[path])
    assert secret.exists()
    assert monitor.exists()


def test_link_that_leads_outside_is_left_alone(monitor, tmp_path):
    """A symbolic link does not open a way out."""
    secret = tmp_path / "secret"
    secret.touch()
    (monitor / "link.wav").symlink_to(secret)
    assert delete(["link.wav"], [monitor]).outside == ["link.wav"]
    assert secret.exists()


def test_missing_files_and_folders_are_told(monitor):
    """What is not there, or is no file, is named as missing."""
    (monitor / "folder").mkdir()
    assert delete(["gone.wav", "folder"], [monitor]).missing == ["gone.wav", "folder"]


def test_failure_is_told_with_its_reason(monitor, monkeypatch):
    """A file that can't be deleted is told with what the system said; the next one goes."""
    for name in ("a.wav", "b.wav"):
        (monitor / name).touch()
    unlink = Path.unlink

    def refuse(path: Path) -> None:
        if path.name == "a.wav":
            raise PermissionError(13, "Permission denied")
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)
    removed = delete(["a.wav", "b.wav"], [monitor])
    assert removed == Removed(deleted=["b.wav"], failed=["a.wav: Permission denied"])


def test_same_file_twice_is_deleted_once(monitor):
    """Two records that name one file tell of it once."""
    (monitor / "a.wav").touch()
    assert delete(["a.wav", "a.wav"], [monitor]) == Removed(deleted=["a.wav"])


def test_no_allowed_folder_deletes_nothing(monitor):
    """Without folders in the settings every path is outside."""
    (monitor / "a.wav").touch()
    assert delete([str(monitor / "a.wav")], []).outside == [str(monitor / "a.wav")]
