"""From the path that a PBX names to a file here, never outside the folders of recordings.

A caller can write into file names (`${caller_id_number}` decoded from `..%2f`), so links and `..`
are followed before the question is asked.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from calltrackd.model.paths import located
from calltrackd.speech.audio.errors import OutsideError


class Finder:
    """Looks up recordings below `folders`; `path_map`: a PBX's folder = the same one here."""

    def __init__(self, folders: Iterable[Path], path_map: Mapping[str, str] | None = None) -> None:
        self._folders = tuple(folders)
        self._map = path_map or {}

    def find(self, path: str) -> Path:
        """Where the recording is, or where it will be; a relative one is sought in each folder.

        OutsideError: nowhere that we may read. Blocking: it asks the file system.
        """
        here = located(path, self._map)
        places = [place for place in (_within(one, here) for one in self._folders) if place]
        if not places:
            raise OutsideError(path)
        return next((place for place in places if place.is_file()), places[0])


def _within(folder: Path, path: str) -> Path | None:
    """The real place of a path if it lies in the folder (also real), else None."""
    try:
        root = folder.resolve()
        place = (root / path).resolve()
        place.is_file()  # a name too long for the file system is told here
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
        return None
    return place if place != root and place.is_relative_to(root) else None
