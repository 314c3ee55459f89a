"""Recordings: are there any, of both sides, and can this machine read them."""

from collections.abc import Iterator

from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding, names
from calltrackd.model.call import CallRecord

LONG_ENOUGH_S = 5.0
"""Asterisk writes the first block of a .wav after 2.5 s; shorter talks may leave an empty file."""
RECORD = (
    "# dialplan, before Dial or Queue (context in dialplan/asterisk/extensions_calltrackd.conf)",
    " same => n,Gosub(calltrackd-record,s,1)",
    "asterisk -rx 'dialplan reload'",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Folders first, then what the latest talks left behind."""
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
    yield from _missing(talks)
    recorded = [call for call in talks if call.recordings]
    yield from _one_sided(recorded)
    yield from _files(facts, recorded)


def _folders(facts: Facts) -> Iterator[Finding]:
    for folder in facts.folders:
        if folder.problem is not None:
            yield Finding(
                check="recordings.folder",
                severity="warning",
                what=f"the folder of recordings {folder.path} can't be used: {folder.problem}",
                means="recordings are neither listened to nor deleted when they should be",
                mend=(
                    "# settings, [recordings], where the PBX records into another folder",
                    'folders = ["/var/spool/asterisk/monitor"]',
                    "# or let the daemon read it",
                    f"setfacl -R -m u:calltrackd:rX -m d:u:calltrackd:rX {folder.path}",
                ),
            )


def _missing(talks: list[CallRecord]) -> Iterator[Finding]:
    bare = [call for call in talks if not call.recordings]
    if not bare:
        return
    numbers = sorted({call.did or "without a number" for call in bare})
    yield Finding(
        check="recordings.missing",
        severity="warning",
        what=f"{len(bare)} of the latest {len(talks)} talks are not recorded: {names(numbers)}",
        means="there is nothing to listen to and no words to tag by; or class dialplan is missing",
        mend=RECORD,
    )


def _one_sided(recorded: list[CallRecord]) -> Iterator[Finding]:
    sides = [(call, {item.side for item in call.recordings}) for call in recorded]
    mixed = [call for call, found in sides if found == {"both"}]
    single = [call for call, found in sides if "both" not in found and len(found) == 1]
    if single:
        yield Finding(
            check="recordings.one_sided",
            severity="warning",
            what=f"{len(single)} of the latest {len(recorded)} recordings hold one side only",
            means="half of the talk can't be heard",
            mend=RECORD,
        )
    if mixed:
        yield Finding(
            check="recordings.mixed",
            severity="note",
            what=f"{len(mixed)} of the latest {len(recorded)} recordings mix both sides",
            means="who said a word is not known, and speech makes 2.7 times the word errors",
            mend=RECORD,
        )


def _files(facts: Facts, recorded: list[CallRecord]) -> Iterator[Finding]:
    sizes = [
        (item.path, facts.sizes[item.path])
        for call in recorded
        for item in call.recordings
        if item.path in facts.sizes
    ]
    absent = [path for path, size in sizes if size is None]
    empty = [path for path, size in sizes if size == 0]
    if absent:
        folder = absent[0].rpartition("/")[0] or "/var/spool/asterisk/monitor"
        yield Finding(
            check="recordings.files",
            severity="warning",
            what=f"{len(absent)} of the latest {len(sizes)} files are not on this machine: "
            f"{names(absent, 2)}",
            means="they can't be listened to",
            mend=(
                "# settings: the PBX's folder = the same folder here",
                "[recordings.path_map]",
                f'"{folder}" = "/mnt/recordings"',
            ),
        )
    if empty:
        yield Finding(
            check="recordings.empty",
            severity="warning",
            what=f"{len(empty)} of the latest {len(sizes)} files are empty: {names(empty, 2)}",
            means="their sound is lost: the disk was full, or the PBX was killed",
            mend=("df -h /var/spool/asterisk   # on the PBX",),
        )
