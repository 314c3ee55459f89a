"""What is allowed, but hardly meant: `calltrackd config check` says it."""

import ipaddress
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from calltrackd.settings.errors import Mark, Place
from calltrackd.settings.root import Settings

LOCAL_NAMES = frozenset({"localhost", "::1"})


def advise(settings: Settings, marks: Mark) -> list[str]:
    """A sentence for each thing an admin would want to know of before the daemon runs."""
    return [
        *_nothing_to_do(settings),
        *_open_secrets(settings, marks),
        *_open_port(settings),
        *_plain_link(settings),
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
    if settings.web.enabled and not _is_local(settings.web.host):
        yield f"web.host = {settings.web.host}: calls can be read without a login by who reaches it"


def _plain_link(settings: Settings) -> Sequence[str]:
    return [
        f"pbx {pbx.name}: calls travel to this machine unencrypted: tls = true"
        for pbx in settings.pbx
        if not pbx.tls and not _is_local(pbx.host)
    ]


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
