"""Endpoints that hide keys from the PBX, or whom the patterns of the settings take for another.

Direct media: after the answer two endpoints that both allow it send their audio, and the keys in it
(RFC 4733), to each other. Asterisk then sees no key and records nothing; it keeps the media itself
only in calls that are recorded or whose Dial has a feature option, so tags work in some calls and
not in others. One side that forbids it is enough.

DTMF mode: `inband` must be heard in the audio by Asterisk, which only uncompressed codecs carry,
and speech makes false keys. With `info` keys are seen only when the phone really sends SIP INFO.
"""

from collections.abc import Iterable, Iterator

from calltrackd.doctor.asterisk.facts import AsteriskFacts, Phone
from calltrackd.doctor.finding import Finding, Severity, names
from calltrackd.pbx.channels import ChannelRules
from calltrackd.settings import Keypad

UNCOMPRESSED = frozenset({"alaw", "ulaw", "slin", "slin16", "g722", "all"})


def check(pbx: AsteriskFacts, keypad: Keypad) -> Iterator[Finding]:
    """Grouped: one finding for all endpoints of one kind."""
    if pbx.phones is None:
        return
    rules = ChannelRules(pbx.settings.trunks, pbx.settings.extensions)
    phones = [one for one in pbx.phones if _is_phone(rules, one)]
    trunks = [one for one in pbx.phones if not _is_phone(rules, one)]
    yield from _direct_media(pbx, phones, trunks, tagging=bool(keypad.map))
    yield from _dtmf_mode(pbx, phones, tagging=bool(keypad.map))
    yield from _taken_for_trunks(pbx, phones, trunks)


def _is_phone(rules: ChannelRules, endpoint: Phone) -> bool:
    return rules.role(f"{endpoint.name}-00000000")[0] == "operator"


def _direct_media(
    pbx: AsteriskFacts, phones: list[Phone], trunks: list[Phone], *, tagging: bool
) -> Iterator[Finding]:
    direct = [one for one in phones if one.direct_media]
    if not direct:
        return
    open_trunks = [one for one in trunks if one.direct_media]
    severity: Severity = "note"
    means = "every trunk forbids it, so calls with clients are safe; internal calls hide keys"
    if open_trunks:
        severity = "error" if tagging else "warning"
        means = (
            f"with {names(_short(open_trunks))} audio and keys pass the PBX by: no keypad tags, no "
            "recordings in calls that the dialplan does not record or give a feature option"
        )
    yield Finding(
        check="phones.direct_media",
        severity=severity,
        pbx=pbx.settings.name,
        what=f"direct media is allowed: {names(_short(direct))}",
        means=means,
        mend=_mend(direct, "direct_media=no", "directmedia=no", "Direct Media: No"),
    )


def _dtmf_mode(pbx: AsteriskFacts, phones: list[Phone], *, tagging: bool) -> Iterator[Finding]:
    deaf = [one for one in phones if one.dtmf_mode == "inband" and not _audible(one)]
    inband = [one for one in phones if one.dtmf_mode == "inband" and _audible(one)]
    info = [one for one in phones if one.dtmf_mode == "info"]
    kinds: list[tuple[list[Phone], Severity, str, str]] = [
        (
            deaf,
            "error",
            "inband over a compressed codec",
            "the codec destroys the tones: no key is seen",
        ),
        (
            inband,
            "error",
            "inband",
            "keys are guessed from the sound: some are missed, and speech makes false ones",
        ),
        (info, "warning", "info", "a phone that does not send SIP INFO has no keys here"),
    ]
    for found, severity, mode, means in kinds:
        if found:
            yield Finding(
                check="phones.dtmf_mode",
                severity=severity if tagging else "note",
                pbx=pbx.settings.name,
                what=f"DTMF mode is {mode}: {names(_short(found))}",
                means=means,
                mend=_mend(
                    found, "dtmf_mode=rfc4733", "dtmfmode=rfc2833", "DTMF Signaling: RFC 4733"
                ),
            )


def _audible(phone: Phone) -> bool:
    return not phone.codecs or bool(UNCOMPRESSED & set(phone.codecs))


def _taken_for_trunks(
    pbx: AsteriskFacts, phones: list[Phone], trunks: list[Phone]
) -> Iterator[Finding]:
    """Endpoints in the phones' context that no extension pattern matches."""
    inside = {one.context for one in phones if one.context}
    inside -= {one.context for one in trunks if _named_trunk(pbx, one)}
    strange = [one for one in trunks if one.context in inside and not _named_trunk(pbx, one)]
    if strange:
        tech = strange[0].name.partition("/")[0]
        yield Finding(
            check="phones.pattern",
            severity="warning",
            pbx=pbx.settings.name,
            what=f"no pattern of extensions matches {names(_short(strange))}",
            means="they dial from the phones' context, but are taken for trunks: their talks make "
            "records of clients, and their keys no tags",
            mend=(
                f'# settings, [[pbx]] "{pbx.settings.name}": add to extensions (or to trunks)',
                f"extensions = [..., '^{tech}/([a-z][a-z0-9]*)-']",
            ),
        )


def _named_trunk(pbx: AsteriskFacts, endpoint: Phone) -> bool:
    """A trunk by a pattern of the settings, not for lack of any."""
    only_trunks = ChannelRules(pbx.settings.trunks, [r"^(.+)-"])
    return not _is_phone(only_trunks, endpoint)


def _short(endpoints: Iterable[Phone]) -> list[str]:
    return sorted(one.name.partition("/")[2] for one in endpoints)


def _mend(found: list[Phone], pjsip: str, sip: str, freepbx: str) -> tuple[str, ...]:
    tech, _, first = found[0].name.partition("/")
    driver, line = ("sip", sip) if tech == "SIP" else ("pjsip", pjsip)
    return (
        f"# {driver}.conf, [{first}] or its template; FreePBX: Extensions, Advanced, {freepbx}",
        line,
        f"asterisk -rx '{driver} reload'",
    )
