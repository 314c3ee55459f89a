"""Facts from a PBX, asked over one short AMI session; what it refuses is noted, not an error.

`GetConfig` reads files of the PBX's configuration folder and follows `#include`; it needs class
`system` or `config`, as PJSIPShowEndpoint needs `system` (ListCommands, 16 and 22). Secrets in the
replies are dropped while they are read.
"""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from calltrackd.doctor.asking import Asking, Clock, ahead
from calltrackd.doctor.asterisk import replies
from calltrackd.doctor.asterisk.facts import AsteriskFacts, ManagerUser, Phone
from calltrackd.doctor.asterisk.session import opened
from calltrackd.doctor.facts import Feature
from calltrackd.pbx.errors import ActionRefusedError, LinkError
from calltrackd.settings import AsteriskPbx


class Session(Protocol):
    """A logged-in AMI session."""

    async def action(self, name: str, /, **fields: str) -> Sequence[replies.Frame]:
        """The response, and the items of its list. ActionRefusedError when it is an error."""


async def visit(settings: AsteriskPbx, asking: AsteriskPbx, *, own: bool) -> AsteriskFacts:
    """What the PBX tells over a session of `asking`, and why there is none, if so."""
    try:
        async with opened(asking) as session:
            return await gather(settings, session, own=own)
    except LinkError as error:
        return AsteriskFacts(settings=settings, unreachable=str(error))


async def gather(
    settings: AsteriskPbx,
    session: Session,
    *,
    own: bool = True,
    clock: Clock = time.time,
) -> AsteriskFacts:
    """`own`: the session is the daemon's user's, so what it may do is what the daemon may do.

    `clock`: this machine's time, unix seconds. Raises what the session does, ActionRefusedError
    excepted.
    """
    told = (asking := Asking()).told
    return AsteriskFacts(
        settings=settings,
        version=await told("version", _version(session)),
        commands=await told("commands", _commands(session)) if own else None,
        user=await told("user", _user(session, settings.user)),
        phones=await told("phones", _phones(session)),
        features=await told("features", _features(session)),
        native_bridging=await told("native_bridging", _loaded(session, "bridge_native_rtp.so")),
        clock_ahead_s=await told("clock_ahead_s", ahead(clock, _pbx_time(session))),
        refused=asking.refused,
    )


async def _version(session: Session) -> str:
    (reply, *_) = await session.action("CoreSettings")
    return reply.get("AsteriskVersion", "")


async def _commands(session: Session) -> frozenset[str]:
    return replies.commands(await session.action("ListCommands"))


async def _user(session: Session, name: str) -> ManagerUser:
    frames = await session.action("GetConfig", Filename="manager.conf", Category=name)
    section = replies.config(frames).get(name)
    if section is None:
        raise ActionRefusedError(
            "GetConfig", f"manager.conf has no section [{name}] (an AstDB or database user?)"
        )
    return replies.manager_user(section)


async def _features(session: Session) -> tuple[Feature, ...]:
    try:
        frames = await session.action("GetConfig", Filename="features.conf")
        return replies.features(replies.config(frames))
    except ActionRefusedError as error:
        if "not found" not in error.message:
            raise
        return replies.features({})


async def _loaded(session: Session, module: str) -> bool:
    try:
        await session.action("ModuleCheck", Module=module)
    except ActionRefusedError as error:
        if error.message != "Module not loaded":
            raise
        return False
    return True


async def _pbx_time(session: Session) -> float:
    """Ping bears the PBX's time in microseconds and needs no class."""
    (reply, *_) = await session.action("Ping")
    try:
        return float(reply.get("Timestamp", ""))
    except ValueError:
        raise ActionRefusedError("Ping", "it has no Timestamp") from None


async def _phones(session: Session) -> tuple[Phone, ...]:
    """Of chan_pjsip and chan_sip; ActionRefusedError when both refuse."""
    found: list[Phone] = []
    why: list[str] = []
    for listed in (_pjsip(session), _chan_sip(session)):
        try:
            found += [phone async for phone in listed]
        except ActionRefusedError as error:
            why.append(error.message)
    if len(why) == 2:
        raise ActionRefusedError("PJSIPShowEndpoints", why[0])
    return tuple(found)


async def _pjsip(session: Session) -> AsyncIterator[Phone]:
    try:
        listed = await session.action("PJSIPShowEndpoints")
    except ActionRefusedError as error:
        if not error.message.startswith("No endpoints found"):
            raise
        return
    for name in replies.endpoint_names(listed):
        phone = replies.endpoint(await session.action("PJSIPShowEndpoint", Endpoint=name))
        if phone is not None:
            yield phone


async def _chan_sip(session: Session) -> AsyncIterator[Phone]:
    for name in replies.peer_names(await session.action("SIPpeers")):
        phone = replies.peer(await session.action("SIPshowpeer", Peer=name))
        if phone is not None:
            yield phone
