"""Numbers with calls that nobody listed, and listed ones without any."""

from collections import Counter
from collections.abc import Iterator

from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding, names

CALLS_A_NUMBER = 10
"""With fewer calls than this for each number, a silent one is no wonder."""


def check(facts: Facts) -> Iterator[Finding]:
    """Unlisted numbers with calls, and listed ones without any."""
    if facts.calls is None:
        return
    inbound = [call for call in facts.calls if call.direction == "inbound" and call.did]
    listed = {number.did for number in facts.settings.number}
    known = listed | set(facts.settings.own_numbers)
    strange = Counter(call.did for call in inbound if call.did and call.did not in known)
    if strange:
        yield _unlisted(strange)
    silent = sorted(listed - {call.did for call in inbound if call.did})
    if silent and len(inbound) >= CALLS_A_NUMBER * len(listed):
        yield Finding(
            check="numbers.silent",
            severity="note",
            what=f"no call of late came on {names(silent)}",
            means=f"of the latest {len(inbound)} inbound calls; the number may be wired wrong",
            mend=(f"calltrackd calls list --number {silent[0]}   # then dial it",),
        )


def _unlisted(strange: Counter[str]) -> Finding:
    most = [f"{did} ({count})" for did, count in strange.most_common()]
    return Finding(
        check="numbers.unlisted",
        severity="warning",
        what=f"calls came on numbers that are not listed: {names(most)}",
        means="they are recorded, but have no source: no advertisement gets their credit",
        mend=(
            "# into the settings, one a number; own_numbers for those that are no tracking numbers",
            *(
                line
                for did, _ in strange.most_common(3)
                for line in ("[[number]]", f'did = "{did}"')
            ),
        ),
    )
