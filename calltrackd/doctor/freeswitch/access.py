"""Who may talk with the event socket, and what calltrackd's own login may do.

The socket has no TLS, and its password may run any command, `system` among them: whoever learns it
owns the machine. So it listens on loopback, its lists admit nobody else, and calltrackd logs in as
a user of the directory whose esl-allowed-api names what it needs (userauth).
"""

from collections.abc import Iterator

from calltrackd.doctor.finding import Finding
from calltrackd.doctor.freeswitch.facts import EventSocket, FreeswitchFacts
from calltrackd.doctor.freeswitch.replies import DEFAULT_PASSWORD
from calltrackd.ops.loopback import is_local

RELOAD = "fs_cli -x 'reload mod_event_socket'"
COSTS = {
    "show": "calls in progress at a (re)connect are lost",
    "uuid_dump": "calls in progress at a (re)connect are told without their numbers",
    "uptime": "a silent connection is not noticed",
    "uuid_displace": "operators hear no confirmation of their keys",
}
"""Command of the daemon -> what its lack costs."""


def check(pbx: FreeswitchFacts) -> Iterator[Finding]:
    """The socket first, then this login."""
    if pbx.socket is not None:
        yield from _password(pbx, pbx.socket)
        yield from _exposed(pbx, pbx.socket)
    yield from _plain(pbx)
    yield from _denied(pbx)
    yield from _risky(pbx)


def _password(pbx: FreeswitchFacts, socket: EventSocket) -> Iterator[Finding]:
    ours = pbx.settings.secret.get_secret_value() == DEFAULT_PASSWORD
    if socket.default_password or ours:
        yield Finding(
            check="socket.password",
            severity="error",
            pbx=pbx.settings.name,
            what=f"the event socket's password is the default one, {DEFAULT_PASSWORD}",
            means="every program and user of the machine may run commands as FreeSWITCH",
            mend=(
                "# autoload_configs/event_socket.conf.xml, and the same into `secret_file` here:",
                '<param name="password" value="..."/>   # openssl rand -hex 20',
                RELOAD,
            ),
        )


def _exposed(pbx: FreeswitchFacts, socket: EventSocket) -> Iterator[Finding]:
    if is_local(socket.listen_ip):
        return
    if socket.admits_strangers:
        yield Finding(
            check="socket.exposed",
            severity="error",
            pbx=pbx.settings.name,
            what=f"the event socket listens on {socket.listen_ip} and admits any address "
            f"({', '.join(socket.lists)})",
            means="whoever reaches the port may try passwords; with the right one he runs commands",
            mend=(
                "# autoload_configs/event_socket.conf.xml (dialplan/freeswitch has one)",
                '<param name="listen-ip" value="127.0.0.1"/>',
                '<param name="apply-inbound-acl" value="loopback.auto"/>',
                RELOAD,
            ),
        )
    elif is_local(pbx.settings.host):
        yield Finding(
            check="socket.exposed",
            severity="note",
            pbx=pbx.settings.name,
            what=f"the event socket listens on {socket.listen_ip}, though calltrackd is beside it",
            means=f"the list {', '.join(socket.lists)} is all that keeps others off",
            mend=(
                "# autoload_configs/event_socket.conf.xml, where nobody else needs it",
                '<param name="listen-ip" value="127.0.0.1"/>',
                RELOAD,
            ),
        )


def _plain(pbx: FreeswitchFacts) -> Iterator[Finding]:
    settings = pbx.settings
    if is_local(settings.host):
        return
    yield Finding(
        check="socket.plain",
        severity="warning",
        pbx=settings.name,
        what=f"the event socket of {settings.host} is reached over a network",
        means="it has no TLS: password, numbers and keys can be read on the way",
        mend=(
            "# a tunnel, as a service, and in the settings host = 127.0.0.1",
            f"ssh -N -L {settings.port}:127.0.0.1:{settings.port} calltrackd@{settings.host}",
        ),
    )


def _denied(pbx: FreeswitchFacts) -> Iterator[Finding]:
    for command in sorted(pbx.denied or ()):
        yield Finding(
            check="rights.api",
            severity="warning" if command == "uuid_displace" else "error",
            pbx=pbx.settings.name,
            what=f"{pbx.settings.user} may not use {command}",
            means=COSTS[command],
            mend=(
                "# directory, the user's params (dialplan/freeswitch/directory_calltrackd.xml)",
                f'<param name="esl-allowed-api" value="{" ".join(COSTS)} ..."/>',
                "fs_cli -x reloadxml",
            ),
        )


def _risky(pbx: FreeswitchFacts) -> Iterator[Finding]:
    if pbx.settings.user is not None:
        return
    yield Finding(
        check="rights.risky",
        severity="note",
        pbx=pbx.settings.name,
        what="calltrackd logs in with the event socket's own password",
        means="who learns it from here may run any command, shell commands among them",
        mend=(
            "# a user with few rights: dialplan/freeswitch/directory_calltrackd.xml, then here",
            'user = "calltrackd@calltrackd"',
        ),
    )
