"""FreeSWITCH releases that calltrackd knows."""

import re
from collections.abc import Iterator

from calltrackd.doctor.finding import Finding
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts

OLDEST, NEWEST = (1, 10), (1, 11)


def release(version: str) -> tuple[int, int] | None:
    """`1.11.1-release` to (1, 11); None: no release."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found.group(1)), int(found.group(2))) if found else None


def check(pbx: FreeswitchFacts) -> Iterator[Finding]:
    """One finding at most."""
    if pbx.version is None:
        return
    number = release(pbx.version)
    if number is not None and OLDEST <= number <= NEWEST:
        return
    old = number is not None and number < OLDEST
    yield Finding(
        check="version",
        severity="warning" if old else "note",
        pbx=pbx.settings.name,
        what=f"FreeSWITCH {pbx.version}",
        means="calltrackd is tested with 1.10 and 1.11: look twice",
        mend=("# update FreeSWITCH to 1.10 or 1.11",) if old else (),
    )
