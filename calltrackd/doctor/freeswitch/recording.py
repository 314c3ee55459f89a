"""How the dialplan records: both sides apart, without ringing, under safe names, where we look.

What was really recorded is judged by the files (calltrackd/doctor/recordings.py); this tells it
before the first call.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from calltrackd.doctor.finding import Finding, names
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts, Step
from calltrackd.doctor.freeswitch.replies import true
from calltrackd.model.paths import located
from calltrackd.settings import RecordingSettings

CALLERS_WORDS = re.compile(
    r"\$\{(caller_id_\w+|effective_caller_id_\w+|destination_number|username|ani2?|rdnis"
    r"|sip_(?!call_id_digest)\w+|variable_sip_\w+|network_addr|call_?id_?name)\}",
    re.IGNORECASE,
)
"""Variables that the far end fills: `%2f` in them is decoded to `/` (measured)."""

SNIPPET = (
    "# dialplan/freeswitch/calltrackd_record.xml, in the context of the lines; then",
    "fs_cli -x reloadxml",
)


def check(pbx: FreeswitchFacts, settings: RecordingSettings) -> Iterator[Finding]:
    """Only of what the dialplan itself records; queues name their files in callcenter.conf."""
    found = [one for one in pbx.steps or () if "record_session" in (one.application + one.data)]
    if not found:
        return
    yield from _unsafe(pbx, found)
    if not _on(pbx, "RECORD_STEREO"):
        yield _finding(
            pbx,
            "recordings.mixed",
            "RECORD_STEREO is set nowhere: both sides are mixed in one channel",
            "who said a word is not known, and speech makes 2.7 times the word errors",
        )
    if not (_on(pbx, "RECORD_BRIDGE_REQ") or _on(pbx, "RECORD_ANSWER_REQ")):
        yield _finding(
            pbx,
            "recordings.ringing",
            "neither RECORD_BRIDGE_REQ nor RECORD_ANSWER_REQ is set",
            "files begin with the ringing, and with the client's room before anybody answered",
        )
    yield from _outside(pbx, settings)


def _on(pbx: FreeswitchFacts, name: str) -> bool:
    """Set to true for all calls or somewhere in the dialplan."""
    set_by_steps = any(f"{name}=true" in step.data for step in pbx.steps or ())
    return set_by_steps or true((pbx.variables or {}).get(name, ""))


def _unsafe(pbx: FreeswitchFacts, found: list[Step]) -> Iterator[Finding]:
    unsafe = [one for one in found if CALLERS_WORDS.search(_path(one.data))]
    if unsafe:
        where = sorted({f"{one.context}/{one.extension}" for one in unsafe})
        word = CALLERS_WORDS.search(_path(unsafe[0].data))
        yield Finding(
            check="recordings.injection",
            severity="warning",
            pbx=pbx.settings.name,
            what=f"the caller fills names of recordings: {names(where)}"
            + (f" ({word.group()})" if word else ""),
            means="a name with %2f.. in it writes outside the folder, or the talk is not recorded",
            mend=("# names from the uuid only: ${uuid}.wav", *SNIPPET),
        )


def _path(data: str) -> str:
    """From `record_session` on, where it stands amid other words; the bare path otherwise."""
    return data.partition("record_session")[2] or data


def _outside(pbx: FreeswitchFacts, settings: RecordingSettings) -> Iterator[Finding]:
    folder = (pbx.variables or {}).get("recordings_dir")
    if not folder:
        return
    mapped = PurePosixPath(located(folder, settings.path_map))
    if any(mapped.is_relative_to(PurePosixPath(str(one))) for one in settings.folders):
        return
    yield Finding(
        check="recordings.outside",
        severity="warning",
        pbx=pbx.settings.name,
        what=f"the PBX records into {folder}, which the settings do not name",
        means="its recordings are neither listened to nor deleted when they should be",
        mend=(
            "# settings, [recordings]; beside those that are there",
            f'folders = ["{folder}"]',
            f"setfacl -R -m u:calltrackd:rX -m d:u:calltrackd:rX {folder}",
        ),
    )


def _finding(pbx: FreeswitchFacts, check: str, what: str, means: str) -> Finding:
    return Finding(
        check=check,
        severity="note",
        pbx=pbx.settings.name,
        what=what,
        means=means,
        mend=SNIPPET,
    )
