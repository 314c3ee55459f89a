"""The AMI user's classes: what it may read, what it may do, what it should not be able to do."""

from collections.abc import Iterator

from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.finding import Finding, Severity
from calltrackd.settings import Keypad

READ: dict[str, tuple[Severity, str]] = {
    "call": ("error", "no call is seen at all"),
    "agent": ("error", "queues are not seen: who waited there, how long, and who gave up there"),
    "dtmf": ("error", "no key press is seen: no keypad tags, no menu choices"),
    "dialplan": (
        "warning",
        "recordings and mailboxes are not told: there is no audio to listen to",
    ),
    "system": ("warning", "an orderly restart of the PBX looks like a lost connection"),
}
"""Event class -> what its lack costs. Source: manager.conf.sample, "Authorization"."""

DO: dict[str, tuple[tuple[str, ...], Severity, str]] = {
    "Status": (
        ("call", "reporting", "system"),
        "error",
        "calls in progress at a (re)connect are lost",
    ),
    "CoreShowChannels": (
        ("reporting", "system"),
        "error",
        "calls in progress at a (re)connect are lost",
    ),
    "ParkedCalls": (("call",), "warning", "parked calls at a (re)connect are closed as lost"),
}
"""Action -> classes each of which grants it, and what its lack costs. Source: ListCommands."""

TONES = {"playmf": ("PlayMF", "call"), "playdtmf": ("PlayDTMF", "call")} | {
    "whisper": ("Originate", "originate")
}
RISKY = {
    "command": "any CLI command, `!` shell commands among them",
    "config": "any change of files",
}


def check(pbx: AsteriskFacts, keypad: Keypad) -> Iterator[Finding]:
    """What is missing, class by class, and what is too much."""
    yield from _reading(pbx, keypad)
    yield from _doing(pbx, keypad)
    yield from _too_much(pbx)


def _reading(pbx: AsteriskFacts, keypad: Keypad) -> Iterator[Finding]:
    if pbx.user is None or "all" in pbx.user.read:
        return
    asked = {word.strip() for word in pbx.settings.events.split(",")}
    wanted = [name for name in READ if name in asked or "all" in asked]
    for name in (one for one in wanted if one not in pbx.user.read):
        severity, means = READ[name]
        if name == "dtmf" and not keypad.map:
            severity = "warning"
        yield Finding(
            check="rights.read",
            severity=severity,
            pbx=pbx.settings.name,
            what=f"the AMI user may not read class {name}",
            means=means,
            mend=in_manager_conf(pbx, f"read = {','.join(wanted)}"),
        )


def _doing(pbx: AsteriskFacts, keypad: Keypad) -> Iterator[Finding]:
    needed = dict(DO)
    if keypad.map and keypad.tone in TONES:
        action, granted_by = TONES[keypad.tone]
        needed[action] = ((granted_by,), "warning", "operators hear no confirmation of their keys")
    for action, (classes, severity, means) in needed.items():
        if may(pbx, action, classes) is False:
            yield Finding(
                check="rights.write",
                severity=severity,
                pbx=pbx.settings.name,
                what=f"the AMI user may not use {action} (class {classes[0]})",
                means=means,
                mend=in_manager_conf(pbx, "write = system,call,originate,reporting"),
            )


def may(pbx: AsteriskFacts, action: str, classes: tuple[str, ...]) -> bool | None:
    """As the PBX lists it, else by the user's classes; None: unknown."""
    if pbx.commands is not None:
        return action in pbx.commands
    return None if pbx.user is None else not pbx.user.write.isdisjoint((*classes, "all"))


def _too_much(pbx: AsteriskFacts) -> Iterator[Finding]:
    if pbx.user is None:
        return
    found = set(RISKY) if "all" in pbx.user.write else set(RISKY) & pbx.user.write
    if found:
        yield Finding(
            check="rights.risky",
            severity="note",
            pbx=pbx.settings.name,
            what=f"the AMI user may write {', '.join(sorted(found))}",
            means="who learns its password can do "
            + " and ".join(RISKY[name] for name in sorted(found)),
            mend=in_manager_conf(pbx, "write = system,call,originate,reporting"),
        )


def in_manager_conf(pbx: AsteriskFacts, line: str) -> tuple[str, ...]:
    """The lines that mend the user's section."""
    return (
        f"# manager.conf (FreePBX: manager_custom.conf), section [{pbx.settings.user}]",
        line,
        "asterisk -rx 'manager reload'",
    )
