"""One short AMI session for questions: no events, no journal, no second try."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from calltrackd.pbx.protocol import AmiConnection
from calltrackd.pbx.session import connect
from calltrackd.pbx.wire import Frame
from calltrackd.settings import AsteriskPbx


class AmiSession:
    """Questions over a logged-in connection."""

    def __init__(self, connection: AmiConnection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s

    async def action(self, name: str, /, **fields: str) -> list[Frame]:
        """The response and, of a list, its items. Raises what AmiConnection.action does."""
        return await self._connection.action(name, fields, self._timeout_s)


@asynccontextmanager
async def opened(settings: AsteriskPbx) -> AsyncIterator[AmiSession]:
    """A session of the user in `settings`. LinkError, with the reason, when there can be none."""
    silent = settings.model_copy(update={"events": "off"})
    connection = await connect(silent, lambda _: None)
    try:
        yield AmiSession(connection, settings.action_timeout_s)
    finally:
        connection.end("the doctor is done")
