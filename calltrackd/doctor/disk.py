"""Recordings as this machine sees them."""

import os
from collections.abc import Iterable
from pathlib import Path

from calltrackd.doctor.facts import AudioFile, Folder
from calltrackd.model.call import CallRecord
from calltrackd.model.paths import located
from calltrackd.settings import RecordingSettings

_HEAD = 44
"""Bytes of the head that a plain .wav has; the number of channels stands at 22."""


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


def files(calls: Iterable[CallRecord], settings: RecordingSettings) -> dict[str, AudioFile | None]:
    """Each recording, None when it is not here, by its path as the record has it."""
    paths = {item.path for call in calls for item in call.recordings}
    return {path: _file(path, settings) for path in sorted(paths)}


def _file(path: str, settings: RecordingSettings) -> AudioFile | None:
    """A relative path is below one of the folders, as MixMonitor puts it."""
    for place in (Path(folder, located(path, settings.path_map)) for folder in settings.folders):
        try:
            size = place.stat().st_size
        except OSError:
            continue
        return AudioFile(size, _channels(place))
    return None


def _channels(place: Path) -> int | None:
    try:
        with place.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if len(head) < _HEAD or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt ":
        return None
    return int.from_bytes(head[22:24], "little")
