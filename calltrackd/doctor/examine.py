"""All checks over all facts, the gravest findings first."""

from collections.abc import Iterator

from calltrackd.doctor import hearing, numbers, recordings
from calltrackd.doctor.asterisk import checks as asterisk
from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.facts import Facts, PbxFacts
from calltrackd.doctor.finding import SEVERITIES, Finding
from calltrackd.doctor.freeswitch import checks as freeswitch
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts


def examine(facts: Facts) -> list[Finding]:
    """Every finding; the same facts give the same list."""
    found = [one for pbx in facts.pbxs for one in _of_pbx(facts, pbx)]
    found += [*recordings.check(facts), *hearing.check(facts), *numbers.check(facts)]
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _of_pbx(facts: Facts, pbx: PbxFacts) -> Iterator[Finding]:
    if pbx.unreachable is not None:
        yield _unreachable(pbx, pbx.unreachable)
        return
    match pbx:
        case AsteriskFacts():
            yield from asterisk.check(pbx, facts)
        case FreeswitchFacts():
            yield from freeswitch.check(pbx, facts)
    yield from _unseen(pbx)


def _unreachable(pbx: PbxFacts, why: str) -> Finding:
    who, mend = "", ()  # type: tuple[str, tuple[str, ...]]
    match pbx:
        case AsteriskFacts():
            who, mend = asterisk.no_session(pbx)
        case FreeswitchFacts():
            who, mend = freeswitch.no_session(pbx)
    return Finding(
        check="link",
        severity="error",
        pbx=pbx.settings.name,
        what=f"no session {who}: {why}",
        means="no call is seen",
        mend=mend,
    )


def _unseen(pbx: PbxFacts) -> Iterator[Finding]:
    for field, why in pbx.refused.items():
        yield Finding(
            check="unseen",
            severity="note",
            pbx=pbx.settings.name,
            what=f"the PBX did not tell {pbx.asked[field]}: {why}",
            means="what is wrong there is not found",
            mend=pbx.ask_again,
        )
