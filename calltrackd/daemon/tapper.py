"""Asks one Asterisk to bring the audio of channels, over an AMI session of its own."""

import asyncio

import structlog

from calltrackd.daemon.side_session import SideSession
from calltrackd.pbx.errors import LinkError, LoginRefusedError
from calltrackd.pbx.tap import tap as spy
from calltrackd.settings import AsteriskPbx
from calltrackd.speech.tap_server import Tap

COMES_S = 5.0
"""Audio that was asked for is there within milliseconds, or does not come (measured)."""
HOPELESS = 5
"""So many in a row that did not come, and none ever did: this PBX can't (Asterisk 16)."""

_log = structlog.get_logger(__name__)


class Tapper:
    """Taps of one attachment. What goes wrong is logged when its reason changes."""

    def __init__(self, pbx: AsteriskPbx) -> None:
        self.pbx = pbx
        self._session = SideSession(pbx)
        self._asking = asyncio.Lock()
        self._said = ""
        self._in_vain = 0
        self._refused = False

    @property
    def hopeless(self) -> bool:
        """Asking again would not help."""
        return self._refused or self._in_vain >= HOPELESS

    async def ask(self, channel: str, tap: Tap, address: str) -> bool:
        """Have the voice of `channel` brought to `address`; whether it came."""
        try:
            async with self._asking:
                await self._session.action(*spy(channel, address, tap.uuid))
            async with asyncio.timeout(COMES_S):
                await tap.come.wait()
        except TimeoutError:
            self._failed(f"no audio came to {address}: Asterisk 18 or later can bring it")
            return False
        except LinkError as error:
            self._refused = isinstance(error, LoginRefusedError)
            self._failed(str(error))
            return False
        self._in_vain, self._said = -HOPELESS, ""
        return True

    def _failed(self, reason: str) -> None:
        self._in_vain += 1
        if reason != self._said:
            _log.warning("tap.failed", pbx=self.pbx.name, reason=reason)
        self._said = reason

    def close(self) -> None:
        """Ask nothing more."""
        self._session.close()
