"""The tracks of a recorded call: which of its files are heard, from which second on.

Measured: Asterisk's file begins with the answer (no sound, no file) unless early media came before;
FreeSWITCH's begins with the ringing. The record knows when a recording was asked for, when the
talk began and when the call ended; the file knows how long it is: together they tell the moment of
the first sample.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from calltrackd.model.call import CallRecord, Party, Recording
from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.audio.probe import Empty, Missing, Usable, probe
from calltrackd.speech.audio.tracks import Track

SAME_TIME = 0.5
"""Two files of which so much of the shorter one runs beside the other hold the same talk."""


class Absent(msgspec.Struct, frozen=True):
    """A recording that gives no samples. `wait`: it may yet come."""

    path: str
    reason: str
    wait: bool


class Gathered(msgspec.Struct):
    """What there is to hear.

    The time line's zero is the first sample of the earliest file that is used, so that a second
    is the place in the player.
    """

    tracks: list[Track] = []
    answer_s: float = 0.0
    """Where the answer lies on the time line: "the first 15 s" count from here."""
    since: float = 0.0
    """Unix seconds of the time line's zero."""
    absent: list[Absent] = []


class _File(msgspec.Struct):
    """A recording that was found, and when (unix seconds) it sounds."""

    recording: Recording
    path: Path
    found: Usable
    begin: float

    @property
    def end(self) -> float:
        return self.begin + self.found.duration_s

    @property
    def rank(self) -> int:
        """Both sides apart come before a mix; a side alone is better than nothing."""
        if self.recording.side == "both":
            return 0 if self.found.shape.channels == 2 else 2
        return 1


def gather(record: CallRecord, finder: Finder, caller_channel: Literal[0, 1] = 0) -> Gathered:
    """Find and choose the files of a call. Blocking: it reads their headers.

    `caller_channel`: the caller's in the PBX's stereo files (Asterisk's option D and FreeSWITCH
    on the caller's leg put the caller left). A call without an answer gives no tracks.
    """
    gathered = Gathered()
    answered = record.answered_at
    if answered is None:
        return gathered
    files = []
    for recording in record.recordings:
        file = _look(recording, record, answered, finder)
        if isinstance(file, Absent):
            gathered.absent.append(file)
        elif file.end > answered:
            files.append(file)
    chosen = _chosen(files)
    if chosen:
        zero = min(file.begin for file in chosen)
        gathered.since = zero
        gathered.answer_s = max(0.0, answered - zero)
        for file in chosen:
            gathered.tracks.extend(_tracks(file, zero, answered, caller_channel))
    return gathered


def first_sample_at(
    recording: Recording, answered_at: float, ended_at: float | None, duration_s: float
) -> float:
    """When a file's first sample sounded, unix seconds.

    A recording asked for before the answer begins with the sound: somewhere between the asking and
    the answer, so that it ends with the call. `ended_at` None: the call lives, nothing is known
    of the file's end, and sound is taken to begin with the answer.
    """
    if recording.started_at >= answered_at or ended_at is None:
        return max(recording.started_at, answered_at)
    return min(answered_at, max(recording.started_at, ended_at - duration_s))


def _look(
    recording: Recording, record: CallRecord, answered: float, finder: Finder
) -> _File | Absent:
    try:
        path = finder.find(recording.path)
    except OutsideError as error:
        return Absent(recording.path, str(error), wait=False)
    found = probe(path)
    if not isinstance(found, Usable):
        return Absent(recording.path, found.reason, wait=isinstance(found, Missing | Empty))
    if found.shape.channels > 2:
        return Absent(recording.path, f"it has {found.shape.channels} channels", wait=False)
    begin = first_sample_at(recording, answered, record.ended_at, found.duration_s)
    return _File(recording, path, found, begin)


def _chosen(files: Sequence[_File]) -> list[_File]:
    """Of files that hold the same time, those that tell the sides apart best."""
    kept: list[_File] = []
    pairs = _pairs(files)
    for file in sorted(files, key=lambda one: (0 if one in pairs else one.rank + 1, one.begin)):
        if not any(_rivals(file, other) for other in kept):
            kept.append(file)
    return sorted(kept, key=lambda one: one.begin)


def _pairs(files: Sequence[_File]) -> list[_File]:
    """Files of one side whose other side is there too."""
    single = [file for file in files if file.recording.side != "both"]
    return [
        file
        for file in single
        if any(_together(file, one) and file.recording.side != one.recording.side for one in single)
    ]


def _together(one: _File, two: _File) -> bool:
    shared = min(one.end, two.end) - max(one.begin, two.begin)
    return shared > SAME_TIME * min(one.found.duration_s, two.found.duration_s)


def _rivals(one: _File, two: _File) -> bool:
    """They hold the same voices of the same time."""
    sides = {one.recording.side, two.recording.side}
    return _together(one, two) and sides != {"caller", "operator"}


def _tracks(file: _File, zero: float, answered: float, caller_channel: int) -> Iterable[Track]:
    sides: list[Party | None]
    if file.found.shape.channels == 2 and file.recording.side == "both":
        sides = ["operator", "operator"]
        sides[caller_channel] = "caller"
    else:
        side = file.recording.side
        sides = [None if side == "both" else side]
    for channel, party in enumerate(sides):
        yield Track(
            path=file.path,
            shape=file.found.shape,
            party=party,
            channel=channel,
            offset_s=file.begin - zero,
            skip_s=max(0.0, answered - file.begin),
            duration_s=file.found.duration_s,
        )
