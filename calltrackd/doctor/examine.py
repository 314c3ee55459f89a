"""All checks over all facts, the gravest findings first."""

from collections.abc import Iterator

from calltrackd.doctor import (
    bridging,
    clock,
    filters,
    keys,
    numbers,
    phones,
    recordings,
    rights,
    version,
)
from calltrackd.doctor.facts import Facts, PbxFacts
from calltrackd.doctor.finding import SEVERITIES, Finding

ASKED = {
    "version": "its version",
    "commands": "the AMI user's actions",
    "user": "the AMI user's classes and filters",
    "phones": "endpoints",
    "features": "feature codes",
    "native_bridging": "its modules",
    "clock_ahead_s": "its clock",
}
"""Field of `PbxFacts` -> what a person calls it."""


def examine(facts: Facts) -> list[Finding]:
    """Every finding; the same facts give the same list."""
    found = [one for pbx in facts.pbxs for one in _of_pbx(facts, pbx)]
    found += [*recordings.check(facts), *numbers.check(facts)]
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _of_pbx(facts: Facts, pbx: PbxFacts) -> Iterator[Finding]:
    if pbx.unreachable is not None:
        yield _unreachable(pbx, pbx.unreachable)
        return
    keypad = facts.settings.keypad
    yield from version.check(pbx)
    yield from rights.check(pbx, keypad)
    yield from filters.check(pbx)
    yield from phones.check(pbx, keypad)
    yield from keys.check(pbx, keypad)
    yield from bridging.check(pbx, facts)
    yield from clock.check(pbx)
    yield from _unseen(pbx)


def _unreachable(pbx: PbxFacts, why: str) -> Finding:
    settings = pbx.settings
    return Finding(
        check="link",
        severity="error",
        pbx=settings.name,
        what=f"no session as {settings.user}: {why}",
        means="no call is seen",
        mend=(
            f"asterisk -rx 'manager show user {settings.user}'   # on the PBX: is it there",
            "asterisk -rx 'manager show settings'   # enabled, port, bind address",
        ),
    )


def _unseen(pbx: PbxFacts) -> Iterator[Finding]:
    for field, why in pbx.refused.items():
        yield Finding(
            check="unseen",
            severity="note",
            pbx=pbx.settings.name,
            what=f"the PBX did not tell {ASKED[field]}: {why}",
            means="what is wrong there is not found",
            mend=("calltrackd doctor --as USER   # an AMI user with write = system",),
        )
