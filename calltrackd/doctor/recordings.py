"""Recordings: are there any, of both sides, and can this machine read them."""

from collections.abc import Iterator
from typing import NamedTuple

from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding, Severity, names
from calltrackd.model.call import CallRecord
from calltrackd.settings import AsteriskPbx, FreeswitchPbx

LONG_ENOUGH_S = 5.0
"""Asterisk writes the first block of a .wav after 2.5 s; shorter talks may leave an empty file."""


class Habit(NamedTuple):
    """How a make of PBX records."""

    record: tuple[str, ...]
    """The lines that record as we like it."""
    folder: str
    why_missing: str


HABITS = {
    "asterisk": Habit(
        record=(
            "# dialplan, before Dial or Queue (dialplan/asterisk/extensions_calltrackd.conf)",
            " same => n,Gosub(calltrackd-record,s,1)",
            "asterisk -rx 'dialplan reload'",
        ),
        folder="/var/spool/asterisk/monitor",
        why_missing="; or class dialplan is missing",
    ),
    "freeswitch": Habit(
        record=(
            "# dialplan/freeswitch/calltrackd_record.xml into the context of the lines, then",
            "fs_cli -x reloadxml",
        ),
        folder="/var/lib/freeswitch/recordings",
        why_missing="",
    ),
}


class Recorded(NamedTuple):
    """The latest talks of one attachment."""

    pbx: AsteriskPbx | FreeswitchPbx
    talks: list[CallRecord]
    facts: Facts

    @property
    def habit(self) -> Habit:
        """Of its make."""
        return HABITS[self.pbx.kind]

    @property
    def recorded(self) -> list[CallRecord]:
        """Talks with a recording."""
        return [call for call in self.talks if call.recordings]

    def channels(self, call: CallRecord) -> set[int | None]:
        """How many channels its files have; None: not here, or no head to tell by."""
        found = (self.facts.files.get(item.path) for item in call.recordings)
        return {file.channels if file else None for file in found}

    def finding(self, check: str, severity: Severity, what: str, means: str, *mend: str) -> Finding:
        """Told of this attachment."""
        return Finding(
            check=check,
            severity=severity,
            pbx=self.pbx.name,
            what=what,
            means=means,
            mend=mend or self.habit.record,
        )


def check(facts: Facts) -> Iterator[Finding]:
    """Folders first, then what the latest talks of each attachment left behind."""
    yield from _folders(facts)
    if facts.calls is None:
        yield Finding(
            check="recordings.store",
            severity="note",
            what=f"the latest calls could not be looked at: {facts.no_calls_because}",
            means="missing or one-sided recordings and unlisted numbers are not told",
        )
        return
    talks = [call for call in facts.calls if call.clean_talk_s >= LONG_ENOUGH_S]
    for pbx in facts.settings.pbx:
        seen = Recorded(pbx, [call for call in talks if call.pbx == pbx.name], facts)
        yield from _missing(seen)
        yield from _one_sided(seen)
        yield from _files(seen)


def _folders(facts: Facts) -> Iterator[Finding]:
    for folder in facts.folders:
        if folder.problem is not None:
            kinds = dict.fromkeys(pbx.kind for pbx in facts.settings.pbx) or {"asterisk": None}
            usual = ", ".join(f'"{HABITS[kind].folder}"' for kind in kinds)
            yield Finding(
                check="recordings.folder",
                severity="warning",
                what=f"the folder of recordings {folder.path} can't be used: {folder.problem}",
                means="recordings are neither listened to nor deleted when they should be",
                mend=(
                    "# settings, [recordings], where the PBX records into another folder",
                    f"folders = [{usual}]",
                    "# or let the daemon read it",
                    f"setfacl -R -m u:calltrackd:rX -m d:u:calltrackd:rX {folder.path}",
                ),
            )


def _missing(seen: Recorded) -> Iterator[Finding]:
    bare = [call for call in seen.talks if not call.recordings]
    if bare:
        numbers = sorted({call.did or "without a number" for call in bare})
        yield seen.finding(
            "recordings.missing",
            "warning",
            f"{len(bare)} of the latest {len(seen.talks)} talks are not recorded: {names(numbers)}",
            "there is nothing to listen to and no words to tag by" + seen.habit.why_missing,
        )


def _one_sided(seen: Recorded) -> Iterator[Finding]:
    recorded = seen.recorded
    sides = [(call, {item.side for item in call.recordings}) for call in recorded]
    mixed = [call for call, found in sides if found == {"both"} and _in_one_channel(seen, call)]
    single = [call for call, found in sides if "both" not in found and len(found) == 1]
    if single:
        yield seen.finding(
            "recordings.one_sided",
            "warning",
            f"{len(single)} of the latest {len(recorded)} recordings hold one side only",
            "half of the talk can't be heard",
        )
    if mixed:
        yield seen.finding(
            "recordings.mixed",
            "note",
            f"{len(mixed)} of the latest {len(recorded)} recordings mix both sides",
            "who said a word is not known, and speech makes 2.7 times the word errors",
        )


def _in_one_channel(seen: Recorded, call: CallRecord) -> bool:
    """As the file says; a file that can't be read is judged by its make's habit, if it has one."""
    channels = seen.channels(call)
    return 2 not in channels and (1 in channels or seen.pbx.kind == "asterisk")


def _files(seen: Recorded) -> Iterator[Finding]:
    found = [
        (item.path, seen.facts.files[item.path])
        for call in seen.recorded
        for item in call.recordings
        if item.path in seen.facts.files
    ]
    absent = [path for path, file in found if file is None]
    empty = [path for path, file in found if file is not None and file.size == 0]
    if absent:
        folder = absent[0].rpartition("/")[0] or seen.habit.folder
        yield seen.finding(
            "recordings.files",
            "warning",
            f"{len(absent)} of the latest {len(found)} files are not on this machine: "
            f"{names(absent, 2)}",
            "they can't be listened to",
            "# settings: the PBX's folder = the same folder here",
            "[recordings.path_map]",
            f'"{folder}" = "/mnt/recordings"',
        )
    if empty:
        yield seen.finding(
            "recordings.empty",
            "warning",
            f"{len(empty)} of the latest {len(found)} files are empty: {names(empty, 2)}",
            "their sound is lost: the disk was full, or the PBX was killed",
            f"df -h {seen.habit.folder}   # on the PBX",
        )
