"""All checks of one FreeSWITCH."""

from collections.abc import Iterator

from calltrackd.doctor import clock, keys
from calltrackd.doctor.facts import Facts
from calltrackd.doctor.finding import Finding
from calltrackd.doctor.freeswitch import access, lines, media, modules, recording, version
from calltrackd.doctor.freeswitch.facts import FreeswitchFacts


def check(pbx: FreeswitchFacts, facts: Facts) -> Iterator[Finding]:
    """Findings about a PBX that was reached."""
    keypad = facts.settings.keypad
    yield from version.check(pbx)
    yield from access.check(pbx)
    yield from modules.check(pbx, keypad)
    yield from media.check(pbx, keypad)
    yield from lines.check(pbx)
    yield from keys.check(pbx, keypad)
    yield from recording.check(pbx, facts.settings.recordings)
    yield from clock.check(pbx)


def no_session(pbx: FreeswitchFacts) -> tuple[str, tuple[str, ...]]:
    """Who could not log in, and where to look."""
    settings = pbx.settings
    user = settings.user
    return f"as {user}" if user else "with the event socket's password", (
        "fs_cli -x 'module_exists mod_event_socket'   # on the PBX: true",
        f"ss -ltn 'sport = :{settings.port}'   # on the PBX: on which address does it listen",
        "fs_cli -x 'xml_locate configuration configuration name event_socket.conf'",
    )
