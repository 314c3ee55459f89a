"""A call that lives, heard from the recordings that its PBX writes.

Files of the two sides come before a stereo one, that before one side alone, a mix comes last; of
those that hold the same voices the one that began first is heard while it grows; another that takes
over goes on where the first stood still. `poll` is called in one thread at a time and touches the
disk; the rest may be used meanwhile.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calltrackd.model.call import CallRecord, Party, Recording
from calltrackd.speech.audio import bare
from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.growing import Block, Growing

SILENT_S = 10.0
"""A file that has not grown for so long gives way to another: its channel left, or it is paused."""
SIDES_LATER_S = 3.0
"""A mix waits so long for the files of the sides, which may be found a moment later."""
MIXED: Party = "caller"
"""Who is said to speak in a mix, in finished calls, too (`Pool.transcribe`)."""


class Source(NamedTuple):
    """One side's sound: a channel of a file."""

    path: str
    """As the PBX names it."""
    side: Party
    channel: int


class Piece(NamedTuple):
    """Samples that one source gave."""

    source: Source
    rate: int
    samples: NDArray[np.int16]
    """(n,)."""
    until: float
    """Unix seconds at which the last one was said."""


class Polled(NamedTuple):
    """What one poll gave."""

    pieces: list[Piece]
    sources: frozenset[Source]
    """Those that are heard now; of others nothing comes until they are named again."""


class Followed:
    """`recordings` may be set anew at any time; `close` ends it."""

    def __init__(self, record: CallRecord, finder: Finder, caller_channel: int) -> None:
        self.recordings: Sequence[Recording] = record.recordings
        self._answered_at = record.answered_at or record.started_at
        self._finder = finder
        self._caller_channel = caller_channel
        self._files: dict[str, Growing] = {}
        self._left_out: dict[str, str] = {}
        """Path -> why it is not followed."""
        self._lock = threading.Lock()
        self._closed = False

    def poll(self, at: float) -> Polled:
        """What was added until `at`, unix seconds. Never raises for what may lie on a disk."""
        with self._lock:
            polled = Polled([], frozenset()) if self._closed else self._poll(at)
        if self._closed:  # while we polled
            self.close()
        return polled

    def close(self) -> None:
        """Let go of all files, if a poll is under way at its end. Does not wait."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                for file in self._files.values():
                    file.close()
            finally:
                self._lock.release()

    @property
    def grew_at(self) -> float | None:
        """When a file was longer than before the last time; None: no sound was found yet."""
        return max((f.grew_at for f in list(self._files.values()) if f.grew_at), default=None)

    def why_silent(self) -> tuple[str, str]:
        """Why no sound comes: a word of ours for the kind, and a sentence part."""
        if not self.recordings:
            return "none", "the PBX tells of no recording of it"
        if self._left_out:
            return "left out", "; ".join(self._left_out.values())
        files = list(self._files.values())
        if not files:
            return "unseen", "the folders of recordings don't answer"
        reasons = (f"{one.path}: {one.trouble or 'no sound in it yet'}" for one in files)
        return ("unread" if any(one.trouble for one in files) else "silent"), "; ".join(reasons)

    def _poll(self, at: float) -> Polled:
        for recording in self.recordings:
            self._find(recording)
        for file in self._files.values():
            file.measure(at)
        heard = chosen(list(self._files.values()), at, self._sides_named)
        polled = Polled([], frozenset(s for file in heard for s in self._sources(file)))
        told: set[Party] = set()
        for file in heard:
            pieces = list(self._taken(file, at))
            polled.pieces.extend(pieces)
            told |= _voices(file) if pieces else set()
        for file in self._files.values():
            if file not in heard and told & _voices(file):  # the same was heard just now
                file.pass_over()
        return polled

    @property
    def _sides_named(self) -> bool:
        return any(one.recording.side != "both" for one in self._files.values())

    def _find(self, recording: Recording) -> None:
        path = recording.path
        if path in self._files or path in self._left_out:
            return
        try:
            place = self._finder.find(path)
        except OutsideError as error:
            self._left_out[path] = str(error)
            return
        if bare.may_be_stereo(place):
            self._left_out[path] = f"{path}: a .raw does not tell whether it holds one side or both"
        else:
            self._files[path] = Growing(recording, place, self._answered_at)

    def _taken(self, file: Growing, at: float) -> Iterator[Piece]:
        block = file.take(at)
        if block is not None:
            for source in self._sources(file):
                yield _piece(source, block)

    def _sources(self, file: Growing) -> Iterator[Source]:
        path, side = file.recording.path, file.recording.side
        if side != "both":
            yield Source(path, side, 0)
        elif file.channels == 2:
            yield Source(path, "caller", self._caller_channel)
            yield Source(path, "operator", 1 - self._caller_channel)
        else:
            yield Source(path, MIXED, 0)


def chosen(files: Sequence[Growing], at: float, sides_named: bool) -> list[Growing]:
    """Of files that hold the same voices, those that tell the sides apart best."""
    alive = [f for f in files if f.channels in (1, 2) and at < (f.grew_at or 0.0) + SILENT_S]
    first: Mapping[str, Growing] = {
        _kind(file): file
        for file in sorted(alive, key=lambda one: one.recording.started_at, reverse=True)
    }
    sides = [first[side] for side in ("caller", "operator") if side in first]
    if len(sides) == 2 or (sides and "stereo" not in first):
        return sides
    if "stereo" in first:
        return [first["stereo"]]
    mix = first.get("mix")
    if mix is None or (sides_named and at < (mix.found_at or at) + SIDES_LATER_S):
        return []
    return [mix]


def _kind(file: Growing) -> str:
    if file.recording.side != "both":
        return file.recording.side
    return "stereo" if file.channels == 2 else "mix"


def _voices(file: Growing) -> set[Party]:
    """Who is in it."""
    side = file.recording.side
    return {"caller", "operator"} if side == "both" else {side}


def _piece(source: Source, block: Block) -> Piece:
    return Piece(source, block.rate, block.samples[:, source.channel], block.until)
