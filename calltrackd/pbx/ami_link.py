"""The way to an Asterisk, and the link that keeps it up."""

import random
import time
from collections.abc import Callable

from calltrackd.pbx.journal import Journal
from calltrackd.pbx.link import Link, Sink
from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import AsteriskSettings, connect
from calltrackd.pbx.snapshot import take_snapshot
from calltrackd.pbx.wire import FieldValue, Frame


class AmiAccess:
    """Asterisk's manager interface."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings
        self.ping_every_s = settings.ping_every_s
        self.ping_timeout_s = settings.ping_timeout_s
        self.retry_cap_s = settings.retry_cap_s

    async def connect(self, on_bytes: Callable[[bytes], None]) -> AmiConnection:
        """Log in with the events of the settings."""
        return await connect(self._settings, on_bytes)

    async def look_around(self, connection: AmiConnection, pbx: str) -> None:
        """Ask for the lists of snapshot.SNAPSHOT."""
        await take_snapshot(connection, pbx, self._settings.action_timeout_s)


class AmiLink(Link[AmiConnection]):
    """The link to one Asterisk."""

    def __init__(
        self,
        settings: AsteriskSettings,
        journal: Journal,
        sink: Sink,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(AmiAccess(settings), journal, sink, clock, draw)
        self._timeout_s = settings.action_timeout_s

    async def action(self, name: str, /, **fields: FieldValue) -> list[Frame]:
        """Send an action now; its reply, with all items when the reply is a list.

        An Originate is answered when it is queued; its OriginateResponse comes as an event. Raises
        LinkDownError (down, or lost before the answer), ActionRefusedError, ActionTimeoutError
        (after `action_timeout_s` of silence), BadFieldError (CR, LF or NUL in a field).
        """
        return await self.connection.action(name, fields, self._timeout_s)
