"""Paths from the PBX, honest and forged."""

from pathlib import Path

import pytest

from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.audio.paths import Finder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of recordings with one in it, and a secret beside it."""
    (tmp_path / "rec" / "day").mkdir(parents=True)
    (tmp_path / "rec" / "day" / "a.wav").touch()
    (tmp_path / "secret.wav").touch()
    return tmp_path / "rec"


def test_whole_and_relative_paths_are_found(folder: Path) -> None:
    """MixMonitor may tell either."""
    finder = Finder([folder])
    assert finder.find(str(folder / "day" / "a.wav")) == folder / "day" / "a.wav"
    assert finder.find("day/a.wav") == folder / "day" / "a.wav"


def test_a_file_that_is_not_there_yet_has_its_place(folder: Path) -> None:
    """A late recording is waited for."""
    assert Finder([folder]).find("day/b.wav") == folder / "day" / "b.wav"


def test_the_folder_that_has_the_file_is_taken(folder: Path, tmp_path: Path) -> None:
    """Of several folders."""
    (tmp_path / "other").mkdir()
    assert Finder([tmp_path / "other", folder]).find("day/a.wav").parent.name == "day"


def test_the_map_of_folders_is_followed(folder: Path) -> None:
    """The PBX is another machine; the longest folder that fits is replaced."""
    finder = Finder([folder], {"/var": "/nowhere", "/var/spool": str(folder)})
    assert finder.find("/var/spool/day/a.wav") == folder / "day" / "a.wav"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.wav",
        "day/../../secret.wav",
        "/etc/passwd",
        "",
        ".",
        "a\0b.wav",
        "/var/spool/../../x",
    ],
)
def test_what_leads_outside_is_refused(folder: Path, path: str) -> None:
    """A caller's name can be part of a file's name."""
    with pytest.raises(OutsideError):
        Finder([folder], {"/var/spool": str(folder)}).find(path)


def test_links_are_followed_before_they_are_judged(folder: Path, tmp_path: Path) -> None:
    """A link out of the folder is outside, one that stays is not."""
    (folder / "out.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "in.wav").symlink_to(folder / "day" / "a.wav")
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    finder = Finder([folder])
    assert finder.find("in.wav") == folder / "day" / "a.wav"
    with pytest.raises(OutsideError):
        finder.find("out.wav")
    with pytest.raises(OutsideError):
        finder.find("loop.wav")


def test_a_name_too_long_is_refused(folder: Path) -> None:
    """The file system's limit is no crash of ours."""
    with pytest.raises(OutsideError):
        Finder([folder]).find("x" * 5_000)


def test_a_folder_behind_a_link_is_the_same_folder(folder: Path, tmp_path: Path) -> None:
    """/var/spool may be a link itself."""
    (tmp_path / "link").symlink_to(folder)
    assert Finder([tmp_path / "link"]).find("day/a.wav") == folder / "day" / "a.wav"
