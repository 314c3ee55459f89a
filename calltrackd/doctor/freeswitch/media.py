"""Profiles and variables that keep sound and keys from FreeSWITCH.

Bypass: after the answer phone and line send each other the RTP. Proxy: it goes through FreeSWITCH
unread. In both no key is seen and nothing can be recorded. Keys of a profile with dtmf-type `none`
are sound, which FreeSWITCH looks for only where the dialplan says start_dtmf.
"""

from collections.abc import Iterator

from calltrackd.doctor.finding import Finding, Severity, names
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts, Profile
from calltrackd.doctor.freeswitch.replies import true
from calltrackd.settings import Keypad

HEARD = frozenset({"start_dtmf", "spandsp_start_dtmf"})
AWAY = ("bypass_media", "bypass_media_after_bridge", "proxy_media")


def check(pbx: FreeswitchFacts, keypad: Keypad) -> Iterator[Finding]:
    """Profiles, then variables of the dialplan and global ones."""
    tagging = bool(keypad.map)
    if pbx.profiles is not None:
        yield from _past(pbx, pbx.profiles, tagging=tagging)
        yield from _dtmf(pbx, pbx.profiles, tagging=tagging)
    yield from _variables(pbx, tagging=tagging)


def _past(
    pbx: FreeswitchFacts, profiles: tuple[Profile, ...], *, tagging: bool
) -> Iterator[Finding]:
    kinds = (
        ("inbound-bypass-media", [one.name for one in profiles if one.bypass]),
        ("inbound-proxy-media", [one.name for one in profiles if one.proxy]),
    )
    for param, found in kinds:
        if found:
            yield _media(pbx, f"{param} is on: {names(found)}", _profile(found, param), tagging)


def _variables(pbx: FreeswitchFacts, *, tagging: bool) -> Iterator[Finding]:
    everywhere = [name for name in AWAY if true((pbx.variables or {}).get(name, ""))]
    if everywhere:
        mend = (
            "# vars.xml: take out",
            *(f'<X-PRE-PROCESS cmd="set" data="{name}=true"/>' for name in everywhere),
            *(f"fs_cli -x 'global_setvar {name}='" for name in everywhere),
        )
        yield _media(pbx, f"set for every call: {names(everywhere)}", mend, tagging)
    here = {
        f"{step.context}/{step.extension}"
        for step in pbx.steps or ()
        for name in AWAY
        if step.data.removeprefix("nolocal:").partition("=")[0] == name
        and true(step.data.partition("=")[2])
    }
    if here:
        mend = ("# the dialplan's extension: false, or no such line", "fs_cli -x reloadxml")
        yield _media(pbx, f"set in the dialplan: {names(sorted(here))}", mend, tagging)


def _media(pbx: FreeswitchFacts, what: str, mend: tuple[str, ...], tagging: bool) -> Finding:
    return Finding(
        check="media.bypass",
        severity="error" if tagging else "warning",
        pbx=pbx.settings.name,
        what=what,
        means="sound and keys pass FreeSWITCH by or unread: no keypad tags, no recordings",
        mend=mend,
    )


def _dtmf(
    pbx: FreeswitchFacts, profiles: tuple[Profile, ...], *, tagging: bool
) -> Iterator[Finding]:
    heard = any(step.application in HEARD for step in pbx.steps or ())
    deaf = (
        "keys are guessed from the sound: some are missed, and speech makes false ones"
        if heard
        else "keys are sound, and nothing here listens for them: none is seen"
    )
    kinds: tuple[tuple[list[str], Severity, str, str, str], ...] = (
        (
            [p.name for p in profiles if p.dtmf == "none"],
            "error",
            "dtmf-type none",
            deaf,
            "rfc2833",
        ),
        (
            [p.name for p in profiles if p.dtmf == "info"],
            "warning",
            "dtmf-type info",
            "a phone that does not send SIP INFO has no keys here",
            "rfc2833",
        ),
        (
            [p.name for p in profiles if p.pass_rfc2833],
            "error",
            "pass-rfc2833",
            "key packets are passed on unread: no key is seen",
            "",
        ),
    )
    for found, severity, what, means, value in kinds:
        if found:
            param = what.partition(" ")[0]
            yield Finding(
                check="media.dtmf",
                severity=severity if tagging else "note",
                pbx=pbx.settings.name,
                what=f"{what}: {names(found)}",
                means=means,
                mend=_profile(found, param, value or "false"),
            )


def _profile(found: list[str], param: str, value: str = "false") -> tuple[str, ...]:
    """FreeSWITCH reads most of a profile again by `rescan`, these params by a restart."""
    return (
        f"# sip_profiles/{found[0]}.xml; FusionPBX: Advanced, SIP Profiles",
        f'<param name="{param}" value="{value}"/>',
        f"fs_cli -x 'sofia profile {found[0]} restart'   # hangs its calls up",
    )
