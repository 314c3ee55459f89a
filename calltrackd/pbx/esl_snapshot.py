"""What is going on at this moment: the questions whose answers rebuild it after each login.

The answers go through the journal like all bytes; the translator reads them there (fs_listing.py).
Only a channel's own dump tells whether it still lives and whether its caller hides the number, and
the translator waits for the dumps of those that came in: they are asked for last, and side by side.
The list lags behind: whom a listed channel is bridged with may not be in it, and is asked for then.
Nothing here is fatal: with less there is a poorer picture, and the log says so.
"""

import asyncio
from collections.abc import Collection

import structlog

from calltrackd.pbx.errors import ActionRefusedError, ActionTimeoutError
from calltrackd.pbx.esl_connection import EslConnection
from calltrackd.pbx.fs_listing import CALLS, CHANNELS, DUMP, dump_of, rows_of

_AT_ONCE = 20
"""Dumps under way: each is a thread of FreeSWITCH, and takes it 20-40 ms to deliver."""

_log = structlog.get_logger(__name__)


async def take_snapshot(connection: EslConnection, pbx: str, timeout_s: float) -> None:
    """Ask for all. Raises LinkDownError only."""
    await _ask(connection, pbx, CALLS, timeout_s)
    rows = rows_of(await _ask(connection, pbx, CHANNELS, timeout_s)) or []
    rows.sort(key=lambda row: row.get("direction") == "inbound")
    listed = [row["uuid"] for row in rows if row.get("uuid")]
    partners = await _dump(connection, pbx, listed, timeout_s)
    await _dump(connection, pbx, partners.difference(listed), timeout_s)


async def _dump(
    connection: EslConnection, pbx: str, channels: Collection[str], timeout_s: float
) -> set[str]:
    """The channels that those are bridged with."""
    commands = [f"{DUMP} {channel} json" for channel in channels]
    found: list[str] = []
    for first in range(0, len(commands), _AT_ONCE):
        some = commands[first : first + _AT_ONCE]
        found += await asyncio.gather(*(_ask(connection, pbx, c, timeout_s) for c in some))
    dumps = [dump for text in found if (dump := dump_of(text)) is not None]
    return {dump["variable_bridge_uuid"] for dump in dumps if dump.get("variable_bridge_uuid")}


async def _ask(connection: EslConnection, pbx: str, command: str, timeout_s: float) -> str:
    try:
        return await connection.ask(command, timeout_s)
    except ActionTimeoutError as error:
        _log.warning("snapshot is not whole", pbx=pbx, error=str(error))
    except ActionRefusedError as error:
        _tell(pbx, error)
    return ""


def _tell(pbx: str, error: ActionRefusedError) -> None:
    """Rights are the admin's to mend; a channel that ended meanwhile is normal."""
    if error.action in (CALLS, CHANNELS):
        _log.warning(
            "snapshot refused: allow `show` and `uuid_dump` to the event socket's user",
            pbx=pbx,
            action=error.action,
            grant='<param name="esl-allowed-api" value="show uuid_dump uuid_displace uptime"/>',
        )
    else:
        _log.debug("channel is gone", pbx=pbx, error=str(error))
