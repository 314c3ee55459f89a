"""Connect to an event socket, log in, subscribe."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from calltrackd.pbx.access import Reach
from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.esl_command import subscription
from calltrackd.pbx.esl_connection import JOB, EslConnection
from calltrackd.pbx.freeswitch import WANTED


class FreeswitchSettings(Reach, Protocol):
    """What a connection needs of settings.FreeswitchPbx."""

    @property
    def user(self) -> str | None: ...  # noqa: D102 - the name says it, the settings explain


async def connect(
    settings: FreeswitchSettings,
    on_bytes: Callable[[bytes], None],
    events: Iterable[str] = WANTED,
) -> EslConnection:
    """A connection that is logged in and subscribed; every byte went to `on_bytes` first.

    `events`: by EslFrame.name; answers to questions always come. Raises LoginRefusedError (password
    or address are not accepted); LinkDownError for all that may be better next time.
    """
    connection: EslConnection | None = None
    where = f"{settings.host}:{settings.port}"
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: EslConnection(on_bytes), settings.host, settings.port
            )
            await _greeted(connection, where)
            await _log_in(settings, connection, where)
            await connection.command(subscription({*events, JOB}), settings.connect_timeout_s)
    except BaseException as error:
        if connection is not None:
            connection.end(str(error) or "not logged in")
        if isinstance(error, TimeoutError | ActionTimeoutError):
            raise LinkDownError(
                f"{where} did not answer within {settings.connect_timeout_s:g} s"
            ) from error
        if isinstance(error, ActionRefusedError):
            raise LinkDownError(f"{where}: {error}") from error
        if isinstance(error, OSError):
            raise LinkDownError(f"{where}: {error.strerror or error}") from error
        raise
    return connection


async def _greeted(connection: EslConnection, where: str) -> None:
    """FreeSWITCH asks for the password, or tells that it does not talk with our address."""
    await connection.greet()
    if connection.rejected:
        raise LoginRefusedError(
            f"{where} refuses this machine's address: add it to the list that apply-inbound-acl in"
            " event_socket.conf.xml names, then `reload mod_event_socket`"
        )
    if not connection.greeted.done():
        raise LinkDownError(f"{where} is no event socket: {connection.ended.result()}")


async def _log_in(settings: FreeswitchSettings, connection: EslConnection, where: str) -> None:
    secret = settings.secret.get_secret_value()
    line = f"userauth {settings.user}:{secret}" if settings.user else f"auth {secret}"
    try:
        await connection.command(line, settings.connect_timeout_s)
    except ActionRefusedError as error:
        who = f"the user {settings.user!r}" if settings.user else "the password"
        raise LoginRefusedError(
            f"{where} refuses {who} ({error.message}): mend secret here, or password in"
            " event_socket.conf.xml (esl-password of the user in the directory)"
        ) from error
