"""What may be wrong with an audio file, for those who want samples and nothing less."""

from pathlib import Path


class AudioError(Exception):
    """The file can't be listened to; `reason` is a sentence part for people."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type["AudioError"], tuple[Path, str]]:
        """An error of a child process comes whole to its parent."""
        return AudioError, (self.path, self.reason)


class OutsideError(Exception):
    """The PBX named a path that lies in none of the folders of recordings."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} is outside the folders of recordings: it is not read")
        self.path = path
