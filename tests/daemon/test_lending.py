"""Recordings lent to connectors that upload them."""

from pathlib import Path

import pytest

from calltrackd.daemon.lending import LentRecordings
from calltrackd.settings import Settings


@pytest.fixture
def lent(tmp_path: Path) -> LentRecordings:
    """Of one folder, which the PBX knows under another name."""
    folder = tmp_path / "monitor"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "secret").write_bytes(b"x")
    recordings = {"folders": [folder], "path_map": {"/var/spool/monitor": str(folder)}}
    settings = Settings.model_validate({"recordings": recordings})
    return LentRecordings(lambda: settings)


async def test_file_is_read_where_it_lies_here(lent: LentRecordings) -> None:
    """By the path that the PBX told."""
    assert await lent.read("/var/spool/monitor/a.wav", 4) == b"RIFF"


@pytest.mark.parametrize("path", ["/var/spool/monitor/b.wav", "/var/spool/monitor/../secret"])
async def test_what_is_not_there_or_outside_is_none(lent: LentRecordings, path: str) -> None:
    """A path of the PBX is not trusted."""
    assert await lent.read(path, 100) is None


async def test_longer_file_than_wanted_is_none(lent: LentRecordings) -> None:
    """A part of a recording is none."""
    assert await lent.read("/var/spool/monitor/a.wav", 3) is None
