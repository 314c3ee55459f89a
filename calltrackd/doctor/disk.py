"""Recordings as this machine sees them."""

import os
from collections.abc import Iterable
from pathlib import Path

from calltrackd.doctor.facts import Folder
from calltrackd.model.call import CallRecord
from calltrackd.settings import RecordingSettings


def folders(settings: RecordingSettings) -> tuple[Folder, ...]:
    """Each folder of the settings, with what keeps this user from listing it."""
    return tuple(Folder(path, _problem(path)) for path in settings.folders)


def _problem(path: Path) -> str | None:
    try:
        with os.scandir(path) as entries:
            next(entries, None)
    except OSError as error:
        return error.strerror
    return None


def sizes(calls: Iterable[CallRecord], settings: RecordingSettings) -> dict[str, int | None]:
    """Bytes of each recording, None when it is not here, by its path as the record has it."""
    paths = {item.path for call in calls for item in call.recordings}
    return {path: _size(path, settings) for path in sorted(paths)}


def _size(path: str, settings: RecordingSettings) -> int | None:
    """A relative path is below one of the folders, as MixMonitor puts it."""
    for place in (Path(folder, _here(path, settings.path_map)) for folder in settings.folders):
        try:
            return place.stat().st_size
        except OSError:
            continue
    return None


def _here(path: str, path_map: dict[str, str]) -> str:
    """The path on this machine; the longest folder that fits wins."""
    for theirs in sorted(path_map, key=len, reverse=True):
        if Path(path).is_relative_to(theirs):
            return str(Path(path_map[theirs], Path(path).relative_to(theirs)))
    return path
