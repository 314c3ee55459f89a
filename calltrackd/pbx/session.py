"""Connect to a manager interface and log in."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from calltrackd.pbx.access import Reach
from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    LinkDownError,
    LoginRefusedError,
)
from calltrackd.pbx.protocol import AmiConnection


class AsteriskSettings(Reach, Protocol):
    """What a link needs of settings.AsteriskPbx."""

    @property
    def tls(self) -> bool: ...  # noqa: D102 - the names say it, the settings explain
    @property
    def tls_ca(self) -> Path | None: ...  # noqa: D102
    @property
    def tls_verify_name(self) -> bool: ...  # noqa: D102
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def login(self) -> Literal["challenge", "plain"]: ...  # noqa: D102
    @property
    def events(self) -> str: ...  # noqa: D102


def tls_context(settings: AsteriskSettings) -> ssl.SSLContext | None:
    """None without TLS. With `tls_ca` only that CA is trusted, else the system's.

    Raises LinkDownError when the CA file can't be used.
    """
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
    except OSError as error:  # ssl.SSLError is one
        raise LinkDownError(f"tls_ca {settings.tls_ca}: {error.strerror or error}") from error
    context.check_hostname = settings.tls_verify_name
    return context


async def connect(settings: AsteriskSettings, on_bytes: Callable[[bytes], None]) -> AmiConnection:
    """A logged-in connection; every byte went to `on_bytes` first.

    Raises LoginRefusedError; LinkDownError for all that may be better next time: refused,
    unreachable, certificate, no answer, PBX not ready, session limit.
    """
    connection: AmiConnection | None = None
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            connection = await _open(settings, on_bytes)
            await _log_in(settings, connection)
    except BaseException as error:
        if connection is not None:
            connection.end(str(error) or "not logged in")
        if isinstance(error, TimeoutError):
            raise LinkDownError(
                f"{settings.host}:{settings.port} did not answer within"
                f" {settings.connect_timeout_s:g} s"
            ) from error
        if isinstance(error, OSError):
            raise LinkDownError(_reason(settings, error)) from error
        raise
    return connection


async def _open(settings: AsteriskSettings, on_bytes: Callable[[bytes], None]) -> AmiConnection:
    context = tls_context(settings)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: AmiConnection(on_bytes),
        settings.host,
        settings.port,
        ssl=context,
        server_hostname=settings.host if context else None,
    )
    return connection


async def _log_in(settings: AsteriskSettings, connection: AmiConnection) -> None:
    await asyncio.wait({connection.banner, connection.ended}, return_when="FIRST_COMPLETED")
    if not connection.banner.done() or connection.banner.cancelled():
        raise LinkDownError(f"no Asterisk manager: {connection.ended.result()}")
    fields = {"Username": settings.user, "Events": settings.events}
    try:
        fields |= await _proof(settings, connection)
        await connection.action("Login", fields, settings.connect_timeout_s)
    except ActionRefusedError as error:
        if "authentication" in error.message.lower():
            raise LoginRefusedError(
                f"{settings.host}:{settings.port} refuses the manager user {settings.user!r}"
                f" ({error.message}): mend user and secret here, or secret, permit and deny"
                " of its section in manager.conf"
            ) from error
        raise LinkDownError(str(error)) from error
    except ActionTimeoutError as error:
        raise LinkDownError(str(error)) from error


async def _proof(settings: AsteriskSettings, connection: AmiConnection) -> dict[str, str]:
    """That we know the secret; by challenge it never goes over the wire."""
    secret = settings.secret.get_secret_value()
    if settings.login == "plain":
        return {"Secret": secret}
    reply = await connection.action("Challenge", {"AuthType": "MD5"}, settings.connect_timeout_s)
    proof = (reply[0].get("Challenge", "") + secret).encode()
    key = hashlib.md5(proof, usedforsecurity=False).hexdigest()  # AMI knows no other digest
    return {"AuthType": "MD5", "Key": key}


def _reason(settings: AsteriskSettings, error: OSError) -> str:
    """The error in an admin's words, with the setting that mends it."""
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        mend = "tls_verify_name" if "match" in error.verify_message else "tls_ca"
        return f"{where}: certificate refused: {error.verify_message} ({mend})"
    if isinstance(error, ssl.SSLError):
        return f"{where}: TLS failed: {error.reason or error}"
    return f"{where}: {error.strerror or error}"
