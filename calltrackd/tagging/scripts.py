"""Script compliance: how much of what an operator has to say was said, and nothing forbidden."""

from collections.abc import Iterable, Sequence

import msgspec

from calltrackd.settings.phrases import Script
from calltrackd.tagging.phrases.match import Match


class Compliance(msgspec.Struct, frozen=True, kw_only=True):
    """One script in one talk; the lists hold names of phrase rules."""

    script: str
    percent: float
    """Required rules that held and forbidden ones that did not, of all; 0-100."""
    kept: tuple[str, ...]
    """Required, and said."""
    missing: tuple[str, ...]
    """Required, and not said."""
    broken: tuple[str, ...]
    """Forbidden, and said."""


def compliance(
    scripts: Sequence[Script],
    matches: Iterable[Match],
    did: str | None = None,
    queue: str | None = None,
) -> list[Compliance]:
    """Every script that holds for a call on `did` (E.164) through `queue`, weighed."""
    held = {match.rule for match in matches}
    return [_weighed(script, held) for script in scripts if script.fits(did, queue)]


def _weighed(script: Script, held: set[str]) -> Compliance:
    kept = tuple(name for name in script.required if name in held)
    broken = tuple(name for name in script.forbidden if name in held)
    count = len(script.required) + len(script.forbidden)
    return Compliance(
        script=script.name,
        percent=round(100 * (len(kept) + len(script.forbidden) - len(broken)) / count, 1),
        kept=kept,
        missing=tuple(name for name in script.required if name not in held),
        broken=broken,
    )
