"""All checks of one Asterisk."""

from collections.abc import Iterator

from calltrackd.doctor import clock, keys
from calltrackd.doctor.asterisk import bridging, filters, phones, rights, version
from calltrackd.doctor.asterisk.facts import AsteriskFacts
from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding


def check(pbx: AsteriskFacts, facts: Facts) -> Iterator[Finding]:
    """Findings about a PBX that was reached."""
    keypad = facts.settings.keypad
    yield from version.check(pbx)
    yield from rights.check(pbx, keypad)
    yield from filters.check(pbx)
    yield from phones.check(pbx, keypad)
    yield from keys.check(pbx, keypad)
    yield from bridging.check(pbx, facts)
    yield from clock.check(pbx)


def no_session(pbx: AsteriskFacts) -> tuple[str, tuple[str, ...]]:
    """Who could not log in, and where to look."""
    user = pbx.settings.user
    return f"as {user}", (
        f"asterisk -rx 'manager show user {user}'   # on the PBX: is it there",
        "asterisk -rx 'manager show settings'   # enabled, port, bind address",
    )
