"""What is allowed, but hardly meant: `calltrackd config check` says it."""

import stat
from collections.abc import Iterator
from pathlib import Path

from calltrackd.ops.loopback import is_local
from calltrackd.settings.errors import Mark, Place
from calltrackd.settings.freeswitch import FreeswitchPbx
from calltrackd.settings.root import Settings

SHIPPED_SECRET = "ClueCon"  # noqa: S105 - the one that FreeSWITCH comes with
"""It lets whoever reaches the port run any program on the PBX (`system`)."""


def advise(settings: Settings, marks: Mark) -> list[str]:
    """A sentence for each thing an admin would want to know of before the daemon runs."""
    return [
        *_nothing_to_do(settings),
        *_open_secrets(settings, marks),
        *_open_port(settings),
        *_plain_link(settings),
        *_known_secret(settings),
    ]


def _nothing_to_do(settings: Settings) -> Iterator[str]:
    if not settings.pbx:
        yield "no [[pbx]]: there is nothing to watch"
    if not settings.number:
        yield "no [[number]]: every call is recorded as not tracked"
    if not settings.target:
        yield "no [[target]]: nobody is told about calls"
    if not settings.keypad.map:
        yield "no [[keypad.map]]: phone keys set no tags"


def _open_secrets(settings: Settings, marks: Mark) -> Iterator[str]:
    """Files with secrets in them that everybody on the machine may read."""
    written = [marks.exact(("pbx", n, "secret")) for n in range(len(settings.pbx))]
    written += [marks.exact(("target", n, "secrets")) for n in range(len(settings.target))]
    files = [Path(place.file) for place in written if isinstance(place, Place)]
    named = [*(pbx.secret_file for pbx in settings.pbx)]
    named += [target.secret_file for target in settings.target]
    for file in dict.fromkeys([*files, *named]):
        if file is not None and file.exists() and file.stat().st_mode & stat.S_IROTH:
            yield f"{file} holds a secret and everybody may read it: chmod o-r {file}"


def _open_port(settings: Settings) -> Iterator[str]:
    if settings.web.enabled and not is_local(settings.web.host):
        yield f"web.host = {settings.web.host}: calls can be read without a login by who reaches it"


def _plain_link(settings: Settings) -> Iterator[str]:
    for pbx in settings.pbx:
        told = f"pbx {pbx.name}: calls travel to this machine unencrypted"
        if is_local(pbx.host):
            continue
        if isinstance(pbx, FreeswitchPbx):
            yield f"{told}, the password too: an event socket has no TLS, use a tunnel"
        elif not pbx.tls:
            yield f"{told}: tls = true"


def _known_secret(settings: Settings) -> Iterator[str]:
    for pbx in settings.pbx:
        if isinstance(pbx, FreeswitchPbx) and pbx.secret.get_secret_value() == SHIPPED_SECRET:
            yield (
                f"pbx {pbx.name}: {SHIPPED_SECRET} is the password that everybody knows: change it"
                " in event_socket.conf.xml"
            )
