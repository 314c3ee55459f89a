"""Plays the operator's confirmation tone, over a session of its own.

PlayDTMF and PlayMF hold up the AMI session that asks for them while they sound (measured: events
behind them came 79-280 ms late), so they never share the session that reads events. A tone that
can't be played is told once and forgotten: the tag is set all the same.
"""

import asyncio
from contextlib import suppress

import structlog

from calltrackd.pbx.errors import ActionTimeoutError, LinkError, LoginRefusedError
from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.pbx.tone import Kind, confirmation
from calltrackd.settings import AsteriskPbx

MOST_WAITING = 50
"""Tones that may wait; more come only from a phone gone mad."""
LATE_S = 2.0
"""A tone that could not be played for so long would only confuse."""

_log = structlog.get_logger(__name__)


class Toner:
    """Tones of one attachment. `kind` may change at any time."""

    def __init__(self, pbx: AsteriskPbx, kind: Kind) -> None:
        self._pbx = pbx.model_copy(update={"events": "off"})
        self.kind: Kind = kind
        self._connection: AmiConnection | None = None
        self._waiting: asyncio.Queue[tuple[float, str, bool]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._refused = False
        self._said = ""

    def confirm(self, channel: str, *, known: bool) -> None:
        """Let the phone behind `channel` hear one beep, or two for keys that mean nothing."""
        if self.kind == "off" or self._refused:
            return
        if self._task is None:
            self._task = asyncio.create_task(self._play_all(), name=f"{self._pbx.name} tones")
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((_now(), channel, known))

    async def close(self) -> None:
        """Play nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._hang_up("stopped")

    async def _play_all(self) -> None:
        """Until cancelled, or until the PBX refuses the login: to go on would wake fail2ban."""
        while not self._refused:
            asked_at, channel, known = await self._waiting.get()
            if _now() - asked_at < LATE_S:
                await self._try(channel, known=known)

    async def _try(self, channel: str, *, known: bool) -> None:
        try:
            await self._play(channel, known=known)
        except LinkError as error:
            self._refused = isinstance(error, LoginRefusedError)
            if isinstance(error, ActionTimeoutError):
                self._hang_up("no answer")  # half-open perhaps: the next tone connects anew
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001 - border: no tone is worth a stop of all tones
            self._tell(repr(error))

    async def _play(self, channel: str, *, known: bool) -> None:
        for action, fields in confirmation(self.kind, channel, known=known):
            connection = await self._connected()
            await connection.action(action, fields, self._pbx.action_timeout_s)

    async def _connected(self) -> AmiConnection:
        if self._connection is None or self._connection.ended.done():
            self._connection = await connect(self._pbx, lambda _data: None)
        return self._connection

    def _hang_up(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.end(reason)
            self._connection = None

    def _tell(self, reason: str) -> None:
        if reason != self._said:
            _log.warning("tone.not_played", pbx=self._pbx.name, reason=reason)
        self._said = reason


def _now() -> float:
    return asyncio.get_running_loop().time()
