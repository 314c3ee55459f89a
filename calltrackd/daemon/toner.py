"""Plays the operator's confirmation tone, over a session of its own.

PlayDTMF and PlayMF hold up the AMI session that asks for them while they sound (measured: events
behind them came 79-280 ms late), so they never share the session that reads events. A tone that
can't be played is told once and forgotten: the tag is set all the same.
"""

import asyncio
from contextlib import suppress

import structlog

from calltrackd.pbx.errors import LinkError
from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.pbx.tone import Kind, confirmation
from calltrackd.settings import AsteriskPbx

MOST_WAITING = 50
"""Tones that may wait; more come only from a phone gone mad."""

_log = structlog.get_logger(__name__)


class Toner:
    """Tones of one attachment. `kind` may change at any time."""

    def __init__(self, pbx: AsteriskPbx, kind: Kind) -> None:
        self._pbx = pbx.model_copy(update={"events": "off"})
        self.kind: Kind = kind
        self._connection: AmiConnection | None = None
        self._waiting: asyncio.Queue[tuple[str, bool]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._said = ""

    def confirm(self, channel: str, *, known: bool) -> None:
        """Let the phone behind `channel` hear one beep, or two for keys that mean nothing."""
        if self.kind == "off":
            return
        if self._task is None:
            self._task = asyncio.create_task(self._play_all(), name=f"{self._pbx.name} tones")
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((channel, known))

    async def close(self) -> None:
        """Play nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.end("stopped")

    async def _play_all(self) -> None:
        while True:
            channel, known = await self._waiting.get()
            try:
                await self._play(channel, known=known)
            except LinkError as error:
                self._tell(str(error))

    async def _play(self, channel: str, *, known: bool) -> None:
        for action, fields in confirmation(self.kind, channel, known=known):
            connection = await self._connected()
            await connection.action(action, fields, self._pbx.action_timeout_s)

    async def _connected(self) -> AmiConnection:
        if self._connection is None or self._connection.ended.done():
            self._connection = await connect(self._pbx, lambda _data: None)
        return self._connection

    def _tell(self, reason: str) -> None:
        if reason != self._said:
            _log.warning("tone.not_played", pbx=self._pbx.name, reason=reason)
        self._said = reason
