"""The operator's tone on an Asterisk, over a session of its own.

PlayDTMF and PlayMF hold up the AMI session that asks for them while they sound (measured: events
behind them came 79-280 ms late), so they never share the session that reads events.
"""

from calltrackd.daemon.toner import Phone, Toner
from calltrackd.pbx.errors import ActionTimeoutError
from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.pbx.tone import Kind, confirmation
from calltrackd.settings import AsteriskPbx


class AmiToner(Toner):
    """Tones of one Asterisk."""

    def __init__(self, pbx: AsteriskPbx, kind: Kind) -> None:
        super().__init__(pbx.name, kind)
        self._pbx = pbx.model_copy(update={"events": "off"})
        self._connection: AmiConnection | None = None

    async def close(self) -> None:
        """Play nothing more."""
        await super().close()
        self._hang_up("stopped")

    async def _play(self, phone: Phone, *, known: bool) -> None:
        for action, fields in confirmation(self.kind, phone.name, known=known):
            connection = await self._connected()
            try:
                await connection.action(action, fields, self._pbx.action_timeout_s)
            except ActionTimeoutError:
                self._hang_up("no answer")  # half-open perhaps: the next tone connects anew
                raise

    async def _connected(self) -> AmiConnection:
        if self._connection is None or self._connection.ended.done():
            self._connection = await connect(self._pbx, lambda _data: None)
        return self._connection

    def _hang_up(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.end(reason)
            self._connection = None
