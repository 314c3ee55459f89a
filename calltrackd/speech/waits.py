"""Whether the recordings of a call are whole by now, remembered in the job's own note.

A file that has lain for a while is whole at the first look. While another recording of the call is
there, one that is missing is waited for GRACE_S only: many dialplans mix the sides into one file
and delete them.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.speech.audio.errors import OutsideError
from calltrackd.speech.audio.paths import Finder
from calltrackd.speech.audio.settle import SettleRules, Settling

OLD_S = 60.0
"""A file whose own time is so far back is not being written; clocks of a share differ by less."""
GRACE_S = 600.0

_notes = msgspec.json.Decoder(dict[str, Settling])


class Look(msgspec.Struct, frozen=True):
    """What a look at a call's recordings came to."""

    look_at: float | None
    """Unix seconds of the next look; None: nothing is to be waited for any more."""
    note: str
    """To be handed in at the next look."""
    reason: str = ""
    """What is waited for."""


def look(
    record: CallRecord, finder: Finder, note: str | None, at: float, rules: SettleRules
) -> Look:
    """Look at the files; `note` is that of the last look. Blocking: it asks the file system."""
    before = _notes.decode(note) if note else {}
    seen = {
        recording.path: _seen(place, before.get(recording.path), at)
        for recording in record.recordings
        if (place := _place(finder, recording.path)) is not None
    }
    waiting = _waiting(seen, at, rules)
    text = msgspec.json.encode(seen).decode()
    if not waiting:
        return Look(None, text)
    path, look_at = min(waiting.items(), key=lambda one: one[1])
    return Look(look_at, text, f"{path} {'still grows' if seen[path].size else 'is not there yet'}")


def _waiting(seen: Mapping[str, Settling], at: float, rules: SettleRules) -> dict[str, float]:
    """Path -> when to look again, of those that are not decided."""
    some = any(one.verdict(at, rules).kind == "ready" for one in seen.values())
    late_s = min(rules.late_s, GRACE_S) if some else rules.late_s
    patient = SettleRules(rules.settle_s, late_s)
    verdicts = {path: one.verdict(at, patient) for path, one in seen.items()}
    return {path: one.look_at for path, one in verdicts.items() if one.look_at is not None}


def _place(finder: Finder, path: str) -> Path | None:
    """None: outside of the folders, so that nothing is to be waited for."""
    try:
        return finder.find(path)
    except OutsideError:
        return None


def _seen(place: Path, before: Settling | None, at: float) -> Settling:
    try:
        found = place.stat()
    except OSError:
        size, written_at = None, at
    else:
        size, written_at = found.st_size, found.st_mtime
    if before is not None:
        return before.look(at, size)
    begun = Settling.begin(at, size)
    if size and written_at <= at - OLD_S:
        return msgspec.structs.replace(begun, since=written_at)
    return begun
