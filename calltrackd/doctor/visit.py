"""Every attachment of the settings asked, whatever becomes of the others."""

import asyncio

from pydantic import SecretStr

from calltrackd.doctor.facts import PbxFacts
from calltrackd.doctor.gather import gather
from calltrackd.doctor.session import opened
from calltrackd.pbx.errors import LinkError
from calltrackd.settings import AsteriskPbx


async def visit(
    attachments: list[AsteriskPbx], login: tuple[str, str] | None = None
) -> tuple[PbxFacts, ...]:
    """Facts of each attachment, in the order of the settings, asked at the same time.

    `login`: user and secret to ask with instead of the daemon's own.
    """
    return tuple(await asyncio.gather(*(_one(settings, login) for settings in attachments)))


async def _one(settings: AsteriskPbx, login: tuple[str, str] | None) -> PbxFacts:
    asking = settings
    if login is not None:
        user, secret = login
        asking = settings.model_copy(update={"user": user, "secret": SecretStr(secret)})
    try:
        async with opened(asking) as session:
            return await gather(settings, session, own=login is None)
    except LinkError as error:
        return PbxFacts(settings=settings, unreachable=str(error))
