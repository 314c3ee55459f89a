"""Talks that Asterisk bridges natively: it passes RTP on unread, keys (RFC 4733) and all.

A plain `Dial` leaves nothing to do with the sound, so `bridge_native_rtp` takes the talk over, also
with `direct_media=no` (measured on 16.28 and 22.10). What keeps it away: a recording, an option of
`Dial` or `Queue` that listens for keys (tTkKwWxXhH), `DYNAMIC_FEATURES`, or the module's absence.
"""

from collections.abc import Iterator

from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding


def check(pbx: AsteriskFacts, facts: Facts) -> Iterator[Finding]:
    """One finding at most: where keys are tags, and talks are not recorded one and all."""
    if not pbx.native_bridging or not facts.settings.keypad.map or _all_recorded(pbx, facts):
        return
    yield Finding(
        check="keys.native_bridge",
        severity="warning",
        pbx=pbx.settings.name,
        what="bridge_native_rtp.so is loaded, and not every talk is recorded",
        means="in talks of a Dial without recording and without t or T the PBX passes keys on "
        "unread, also with direct_media=no: no tags there",
        mend=(
            "# one of the four. For all talks, a little load each; and in modules.conf:",
            "# noload => bridge_native_rtp.so",
            "asterisk -rx 'module unload bridge_native_rtp.so'",
            "# or in the dialplan: record (see recordings.missing), the option t (operator) or T",
            " same => n,Dial(PJSIP/101,30,t)",
            "# or hide tag keys from the client (dialplan/asterisk/features_calltrackd.conf)",
            " same => n,Dial(PJSIP/101,30,b(calltrackd-keys^s^1))",
        ),
    )


def _all_recorded(pbx: AsteriskFacts, facts: Facts) -> bool:
    """What is recorded is not bridged natively; False when there was no talk of late."""
    talks = [call for call in facts.calls_of(pbx) if call.clean_talk_s > 0]
    return bool(talks) and all(call.recordings for call in talks)
