"""Facts from a FreeSWITCH, asked over one short event socket session without events.

What it refuses is noted, not an error. It may refuse to a user of the directory, which
esl-allowed-api binds to some commands.
"""

import time
from typing import Protocol

from calltrackd.doctor.asking import Asking, Clock, ahead
from calltrackd.doctor.freeswitch import replies
from calltrackd.doctor.freeswitch.facts import EventSocket, FreeswitchFacts, Profile, Step
from calltrackd.pbx.errors import ActionRefusedError, LinkError
from calltrackd.pbx.esl_session import connect
from calltrackd.settings import FreeswitchPbx

MODULES = (
    "mod_sofia",
    "mod_commands",
    "mod_dptools",
    "mod_tone_stream",
    "mod_sndfile",
)
"""What calltrackd needs: calls, questions, recordings, tones."""
NEEDED = ("show", "uuid_dump", "uptime", "uuid_displace")
"""Commands of the daemon."""
STRANGER = "198.51.100.1"
"""RFC 5737: an address that is nobody's."""


class Session(Protocol):
    """A logged-in event socket session."""

    async def ask(self, command: str, timeout_s: float) -> str:
        """The answer to an API command. ActionRefusedError when it is `-ERR` or `-USAGE`."""


async def visit(settings: FreeswitchPbx, asking: FreeswitchPbx, *, own: bool) -> FreeswitchFacts:
    """What the PBX tells over a session of `asking`, and why there is none, if so."""
    try:
        connection = await connect(asking, lambda _: None, events=())
        try:
            return await gather(settings, connection, own=own)
        finally:
            connection.end("the doctor is done")
    except LinkError as error:
        return FreeswitchFacts(settings=settings, unreachable=str(error))


async def gather(
    settings: FreeswitchPbx,
    session: Session,
    *,
    own: bool = True,
    clock: Clock = time.time,
) -> FreeswitchFacts:
    """`own`: the session is the daemon's, so what it may do is what the daemon may do.

    `clock`: this machine's time. Raises what the session does, ActionRefusedError excepted.
    """
    told = (asking := Asking()).told
    questions = Questions(session, settings.action_timeout_s)
    steps = await told("steps", questions.steps())
    return FreeswitchFacts(
        settings=settings,
        version=await told("version", questions.version()),
        denied=await told("denied", questions.denied()) if own else None,
        socket=await told("socket", questions.socket()),
        modules=await told("modules", questions.modules()),
        profiles=await told("profiles", questions.profiles()),
        variables=await told("variables", questions.variables()),
        steps=steps,
        features=None if steps is None else replies.features(steps),
        clock_ahead_s=await told("clock_ahead_s", ahead(clock, questions.time())),
        refused=asking.refused,
    )


class Questions:
    """What is asked, one method a field. Each raises ActionRefusedError, LinkError."""

    def __init__(self, session: Session, timeout_s: float) -> None:
        self._session, self._timeout_s = session, timeout_s

    async def _ask(self, command: str) -> str:
        return (await self._session.ask(command, self._timeout_s)).strip()

    async def version(self) -> str:
        """`FreeSWITCH Version 1.11.1-release+git~... (git ... 64bit)` to `1.11.1-release`."""
        text = (await self._ask("version")).partition("FreeSWITCH Version ")[2]
        return text.partition(" ")[0].partition("+")[0]

    async def denied(self) -> frozenset[str]:
        """Commands that would be refused; without arguments they do nothing."""
        found = set()
        for command in NEEDED:
            try:
                await self._ask(command)
            except ActionRefusedError as error:
                if "permission denied" in error.message:
                    found.add(command)
        return frozenset(found)

    async def socket(self) -> EventSocket:
        """The settings of mod_event_socket, and whether its lists admit a stranger."""
        command = "xml_locate configuration configuration name event_socket.conf"
        configuration = replies.parsed(command, await self._ask(command))
        admits = [
            await self._ask(f"acl {STRANGER} {name}") == "true"
            for name in replies.lists(configuration)
        ]
        return replies.socket(configuration, all(admits))

    async def modules(self) -> dict[str, bool]:
        """Which of the needed ones are loaded."""
        return {name: await self._ask(f"module_exists {name}") == "true" for name in MODULES}

    async def profiles(self) -> tuple[Profile, ...]:
        """Those that run, with their gateways."""
        summary = replies.parsed("sofia xmlstatus", await self._ask("sofia xmlstatus"))
        command = "sofia xmlstatus gateway"
        gateways = replies.gateways(replies.parsed(command, await self._ask(command)))
        passing = await self._passing()
        found = []
        for name in replies.profile_names(summary):
            command = f"sofia xmlstatus profile {name}"
            status = replies.parsed(command, await self._ask(command))
            lines = [gateway for gateway, profile in gateways if profile == name]
            found.append(replies.profile(status, lines, pass_rfc2833=name in passing))
        return tuple(found)

    async def _passing(self) -> frozenset[str]:
        command = "xml_locate configuration configuration name sofia.conf"
        return replies.passing(replies.parsed(command, await self._ask(command)))

    async def variables(self) -> dict[str, str]:
        """Those of replies.VARIABLES that are set; an unset one answers with an empty line."""
        found = {name: await self._ask(f"global_getvar {name}") for name in replies.VARIABLES}
        return {name: value for name, value in found.items() if value}

    async def steps(self) -> tuple[Step, ...]:
        """Of all contexts."""
        return replies.steps(
            replies.parsed("xml_locate dialplan", await self._ask("xml_locate dialplan"))
        )

    async def time(self) -> float:
        """Unix seconds; `strmicroepoch` without a date is now, in microseconds."""
        text = await self._ask("strmicroepoch")
        try:
            return int(text) / 1e6
        except ValueError:
            raise ActionRefusedError("strmicroepoch", text) from None
