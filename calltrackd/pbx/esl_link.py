"""The way to a FreeSWITCH, and the link that keeps it up."""

import random
import time
from collections.abc import Callable

import structlog

from calltrackd.ops.loopback import is_local
from calltrackd.pbx.esl_connection import EslConnection
from calltrackd.pbx.esl_session import FreeswitchSettings, connect
from calltrackd.pbx.esl_snapshot import take_snapshot
from calltrackd.pbx.journal import Journal
from calltrackd.pbx.link import Link, Sink

_log = structlog.get_logger(__name__)


class EslAccess:
    """FreeSWITCH's event socket."""

    def __init__(self, settings: FreeswitchSettings) -> None:
        self._settings = settings
        self.ping_every_s = settings.ping_every_s
        self.ping_timeout_s = settings.ping_timeout_s
        self.retry_cap_s = settings.retry_cap_s
        self._warned = is_local(settings.host)

    async def connect(self, on_bytes: Callable[[bytes], None]) -> EslConnection:
        """Log in and subscribe; the first time, say what a network may hear of it."""
        if not self._warned:
            self._warned = True
            _log.warning(
                "an event socket has no TLS: password and calls travel unencrypted",
                host=self._settings.host,
                mend="a tunnel, or calltrackd on the PBX's own machine",
            )
        return await connect(self._settings, on_bytes)

    async def look_around(self, connection: EslConnection, pbx: str) -> None:
        """Ask for calls, channels and those that came in."""
        await take_snapshot(connection, pbx, self._settings.action_timeout_s)


class EslLink(Link[EslConnection]):
    """The link to one FreeSWITCH."""

    def __init__(
        self,
        settings: FreeswitchSettings,
        journal: Journal,
        sink: Sink,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(EslAccess(settings), journal, sink, clock, draw)
        self._timeout_s = settings.action_timeout_s

    async def ask(self, command: str) -> str:
        """The answer to an API command. Raises as EslConnection.ask does, LinkDownError at once."""
        return await self.connection.ask(command, self._timeout_s)
