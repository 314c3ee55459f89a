"""Live hearing: can the calls of a PBX be heard while they live, by the way that is wanted."""

from collections.abc import Iterator

from calltrackd.doctor.asterisk import rights, version
from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.facts import Facts, PbxFacts
from calltrackd.doctor.finding import Finding, Severity
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts

FIRST_TAPPED = 18
"""The first Asterisk with AudioSocket."""
BUFFERING = "enable_file_write_buffering"
QUICK = (
    "# dialplan, before record_session (dialplan/freeswitch/calltrackd_record.xml)",
    f'<action application="set" data="{BUFFERING}=8192"/>',
    "fs_cli -x reloadxml",
)
AUTO = ("# settings, [speech.live]", 'source = "auto"')
RECORD = {
    "Asterisk": (
        "# dialplan, before Dial or Queue (dialplan/asterisk/extensions_calltrackd.conf)",
        " same => n,Gosub(calltrackd-record,s,1)",
        "asterisk -rx 'dialplan reload'",
    ),
    "FreeSWITCH": (
        "# dialplan/freeswitch/calltrackd_record.xml into the context of the lines, then",
        "fs_cli -x reloadxml",
    ),
}


def check(facts: Facts) -> Iterator[Finding]:
    """Nothing unless live hearing is wanted; then of each PBX that was reached."""
    speech = facts.settings.speech
    if not (speech.enabled and speech.live.enabled):
        return
    for pbx in facts.pbxs:
        if pbx.unreachable is not None:
            continue
        if speech.live.source != "files" and _can_be_tapped(pbx):
            yield from _tapped(pbx)
        elif speech.live.source == "tap":
            told = f"{pbx.make} {pbx.version or ''}".strip()
            what = f'source = "tap" is set, and {told} has no AudioSocket'
            yield _finding(pbx, "warning", what, "no call of it is heard while it lives", AUTO)
        else:
            yield from _followed(pbx, facts)


def _can_be_tapped(pbx: PbxFacts) -> bool:
    """An Asterisk whose version nobody told may."""
    if not isinstance(pbx, AsteriskFacts):
        return False
    number = None if pbx.version is None else version.major(pbx.version)
    return number is None or number >= FIRST_TAPPED


def _tapped(pbx: PbxFacts) -> Iterator[Finding]:
    if isinstance(pbx, AsteriskFacts) and rights.may(pbx, "Originate", ("originate",)) is False:
        what = "the AMI user may not use Originate (class originate), by which calls are tapped"
        mend = rights.in_manager_conf(pbx, "write = system,call,originate,reporting")
        yield _finding(pbx, "warning", what, "no call is heard while it lives", mend)


def _followed(pbx: PbxFacts, facts: Facts) -> Iterator[Finding]:
    """By the latest talks and, of FreeSWITCH, by its dialplan."""
    talks = [call for call in facts.calls_of(pbx) if call.clean_talk_s > 0]
    paths = [item.path for call in talks for item in call.recordings]
    if talks and not paths:
        what = f"live hearing reads recordings, and none of the latest {len(talks)} talks has one"
        yield _finding(pbx, "warning", what, "no call is heard while it lives", RECORD[pbx.make])
    elif paths and all(facts.files.get(path) is None for path in paths):
        folder = paths[0].rpartition("/")[0]
        mend = (
            "# settings: the PBX's folder = the same folder here, below recordings.folders",
            "[recordings.path_map]",
            f'"{folder}" = "/mnt/recordings"',
        )
        what = f"live hearing reads recordings, and none of {folder} is below recordings.folders"
        yield _finding(pbx, "warning", what, "no call is heard while it lives", mend)
    if isinstance(pbx, FreeswitchFacts) and _grows_slowly(pbx):
        what = f"{BUFFERING} is set nowhere: recordings grow by two seconds and more at a time"
        yield _finding(pbx, "note", what, "words of a call that lives are told that late", QUICK)


def _grows_slowly(pbx: FreeswitchFacts) -> bool:
    steps = pbx.steps or ()
    records = any("record_session" in step.application + step.data for step in steps)
    known = BUFFERING in (pbx.variables or {}) or any(BUFFERING in step.data for step in steps)
    return records and not known


def _finding(
    pbx: PbxFacts, severity: Severity, what: str, means: str, mend: tuple[str, ...]
) -> Finding:
    return Finding(
        check="speech.live",
        severity=severity,
        pbx=pbx.settings.name,
        what=what,
        means=means,
        mend=mend,
    )
