"""The operator's tone on an Asterisk, over a session of its own.

PlayDTMF and PlayMF hold up the AMI session that asks for them while they sound (measured: events
behind them came 79-280 ms late), so they never share the session that reads events.
"""

from calltrackd.daemon.side_session import SideSession
from calltrackd.daemon.toner import Phone, Toner
from calltrackd.pbx.tone import Kind, confirmation
from calltrackd.settings import AsteriskPbx


class AmiToner(Toner):
    """Tones of one Asterisk."""

    def __init__(self, pbx: AsteriskPbx, kind: Kind) -> None:
        super().__init__(pbx.name, kind)
        self._session = SideSession(pbx)

    async def close(self) -> None:
        """Play nothing more."""
        await super().close()
        self._session.close()

    async def _play(self, phone: Phone, *, known: bool) -> None:
        for action, fields in confirmation(self.kind, phone.name, known=known):
            await self._session.action(action, fields)
