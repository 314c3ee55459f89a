"""An AMI session beside the one that reads events, for actions that would hold it up."""

from collections.abc import Mapping

from calltrackd.pbx.errors import ActionTimeoutError
from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.settings import AsteriskPbx


class SideSession:
    """Logs in when something is first asked, and again after it broke. One caller at a time."""

    def __init__(self, pbx: AsteriskPbx) -> None:
        self._pbx = pbx.model_copy(update={"events": "off"})
        self._connection: AmiConnection | None = None

    async def action(self, name: str, fields: Mapping[str, str]) -> None:
        """Raises LinkError: LoginRefusedError, LinkDownError, ActionRefusedError, ..."""
        if self._connection is None or self._connection.ended.done():
            self._connection = await connect(self._pbx, lambda _data: None)
        try:
            await self._connection.action(name, dict(fields), self._pbx.action_timeout_s)
        except ActionTimeoutError:
            self.close("no answer")  # half-open perhaps: the next one connects anew
            raise

    def close(self, reason: str = "stopped") -> None:
        """Log off."""
        if self._connection is not None:
            self._connection.end(reason)
            self._connection = None
