"""Every attachment of the settings asked, whatever becomes of the others."""

import asyncio
from typing import TypeVar

from pydantic import SecretStr

from calltrackd.doctor.asterisk import gather as asterisk
from calltrackd.doctor.facts import PbxFacts
from calltrackd.doctor.freeswitch import gather as freeswitch
from calltrackd.settings import AsteriskPbx, FreeswitchPbx

P = TypeVar("P", AsteriskPbx, FreeswitchPbx)


async def visit(
    attachments: list[AsteriskPbx | FreeswitchPbx], login: tuple[str, str] | None = None
) -> tuple[PbxFacts, ...]:
    """Facts of each attachment, in the order of the settings, asked at the same time.

    `login`: user and secret to ask with instead of the daemon's own.
    """
    return tuple(await asyncio.gather(*(_one(settings, login) for settings in attachments)))


async def _one(settings: AsteriskPbx | FreeswitchPbx, login: tuple[str, str] | None) -> PbxFacts:
    own = login is None
    if isinstance(settings, FreeswitchPbx):
        return await freeswitch.visit(settings, _as(settings, login), own=own)
    return await asterisk.visit(settings, _as(settings, login), own=own)


def _as(settings: P, login: tuple[str, str] | None) -> P:
    if login is None:
        return settings
    user, secret = login
    return settings.model_copy(update={"user": user, "secret": SecretStr(secret)})
