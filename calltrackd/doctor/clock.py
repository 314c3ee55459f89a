"""The clocks of PBX and this machine."""

from collections.abc import Iterator

from calltrackd.doctor.facts import PbxFacts
from calltrackd.doctor.finding import Finding

WARNING_S, ERROR_S = 1.0, 30.0
"""Above the first, records and the PBX's own CDR no longer match by the second; above the second,
a visit on the site and its call are told apart."""


def check(pbx: PbxFacts) -> Iterator[Finding]:
    """One finding at most."""
    ahead = pbx.clock_ahead_s
    if ahead is None or abs(ahead) < WARNING_S:
        return
    which = "ahead of" if ahead > 0 else "behind"
    yield Finding(
        check="clock",
        severity="error" if abs(ahead) >= ERROR_S else "warning",
        pbx=pbx.settings.name,
        what=f"the PBX's clock is {abs(ahead):.1f} s {which} this machine's",
        means="calls do not match recordings' names, CDR and visits of the site by time",
        mend=("timedatectl set-ntp true   # on both machines",),
    )
