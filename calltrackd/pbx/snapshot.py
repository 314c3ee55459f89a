"""What is going on at this moment: the actions whose lists rebuild it after each login.

The replies go through the journal like all bytes; the translator reads them there. Nothing here is
fatal: with fewer rights there is a poorer picture, and the log names the right that is missing.
"""

import structlog

from calltrackd.pbx.errors import ActionRefusedError, ActionTimeoutError
from calltrackd.pbx.protocol import AmiConnection

SNAPSHOT = (
    "CoreShowChannels",
    "Status",
    "BridgeList",
    "QueueStatus",
    "ParkedCalls",
    "ConfbridgeListRooms",
)
"""In this order: channels first, Status (DNID, seconds) over them, then where they are."""

GRANT = {
    "CoreShowChannels": "write = reporting",
    "Status": "write = reporting",
    "ParkedCalls": "write = call",
    "ConfbridgeListRooms": "write = reporting",
}
"""The class in manager.conf that allows an action (ListCommands of 22); the others need none."""

_log = structlog.get_logger(__name__)


async def take_snapshot(connection: AmiConnection, pbx: str, timeout_s: float) -> None:
    """Ask for all lists, one after the other. Raises LinkDownError only."""
    for name in SNAPSHOT:
        frames = await _ask(connection, pbx, name, {}, timeout_s)
        if name == "BridgeList":
            bridges = [f["BridgeUniqueid"] for f in frames if "BridgeUniqueid" in f]
            for bridge in bridges:
                await _ask(connection, pbx, "BridgeInfo", {"BridgeUniqueid": bridge}, timeout_s)


async def _ask(
    connection: AmiConnection, pbx: str, name: str, fields: dict[str, str], timeout_s: float
) -> list[dict[str, str]]:
    try:
        return await connection.action(name, fields, timeout_s)
    except ActionTimeoutError as error:
        _log.warning("snapshot is not whole", pbx=pbx, error=str(error))
    except ActionRefusedError as error:
        _tell(pbx, error)
    return []


def _tell(pbx: str, error: ActionRefusedError) -> None:
    """Rights are the admin's to mend; an empty conference or a bridge that ended is normal."""
    if "permission" in error.message.lower():
        _log.warning(
            "snapshot refused: grant it to the manager user",
            pbx=pbx,
            action=error.action,
            grant=GRANT.get(error.action, "read and write = all"),
        )
    else:
        _log.debug("snapshot has no such list", pbx=pbx, error=str(error))
