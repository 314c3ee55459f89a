"""Asterisk releases that calltrackd knows."""

import re
from collections.abc import Iterator

from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.finding import Finding

OLDEST, NEWEST = 16, 22


def major(version: str) -> int | None:
    """`22.10.1+dfsg`, `certified/18.9-cert4`, `18.9-cert4` to 22, 18, 18; None: no release."""
    found = re.match(r"(?:Asterisk )?(?:certified[/-])?(\d{1,2})\.", version)
    return int(found.group(1)) if found else None


def check(pbx: AsteriskFacts) -> Iterator[Finding]:
    """One finding at most."""
    if pbx.version is None:
        return
    number = major(pbx.version)
    if number is None or number > NEWEST:
        yield _finding(pbx, "note", f"calltrackd is tested with {OLDEST} to {NEWEST}: look twice")
    elif number < OLDEST:
        yield _finding(
            pbx, "error", "events lack fields that calls are joined by: counts are wrong"
        )
    elif number < 18:
        means = "no live audio by AudioSocket; recordings by side drift unless MixMonitor has S"
        yield _finding(pbx, "note", means)


def _finding(pbx: AsteriskFacts, severity: str, means: str) -> Finding:
    return Finding(
        check="version",
        severity="error" if severity == "error" else "note",
        pbx=pbx.settings.name,
        what=f"Asterisk {pbx.version}",
        means=means,
        mend=(f"# update Asterisk to {NEWEST}",) if severity == "error" else (),
    )
