"""Deleting a call's audio files, and nothing else, whatever a PBX wrote into a path."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class Removed(msgspec.Struct):
    """What became of the files, each by its path as the call's record has it."""

    deleted: list[str] = []
    missing: list[str] = []
    outside: list[str] = []
    """Not below an allowed folder (links followed): left alone."""
    failed: list[str] = []
    """`path: reason`, such as a missing right."""


def _places(path: str, folders: Sequence[Path]) -> list[Path]:
    """Where a path can lie inside the folders; a relative one is looked for in each of them."""
    places = [(folder / path).resolve() for folder in folders]
    return [
        place
        for place in dict.fromkeys(places)
        if any(place != folder and place.is_relative_to(folder) for folder in folders)
    ]


def delete(paths: Iterable[str], folders: Iterable[Path]) -> Removed:
    """Delete files below `folders` only; blocking, so call it in a thread."""
    allowed = [folder.resolve() for folder in folders]
    removed = Removed()
    for path in dict.fromkeys(paths):
        places = _places(path, allowed)
        found = next((place for place in places if place.is_file()), None)
        if not places:
            removed.outside.append(path)
        elif found is None:
            removed.missing.append(path)
        else:
            _unlink(found, path, removed)
    return removed


def _unlink(found: Path, path: str, removed: Removed) -> None:
    try:
        found.unlink()
    except OSError as error:
        removed.failed.append(f"{path}: {error.strerror}")
    else:
        removed.deleted.append(path)
