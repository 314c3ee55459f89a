"""How one make of PBX is reached: what the link, which keeps it up, needs to know of it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from calltrackd.pbx.errors import (
    ActionRefusedError,
    ActionTimeoutError,
    HalfOpenError,
    LinkDownError,
)

_PATIENCE = 3
"""Ping timeouts that a PBX may take to answer while it still sends other bytes: a saturated one
answers late. One that sends but obeys nothing any more is no use either, so there is an end."""


class Secret(Protocol):
    """pydantic's SecretStr."""

    def get_secret_value(self) -> str:
        """The secret itself."""


class Reach(Protocol):
    """What the settings of either make say of the way to a PBX. Times in seconds."""

    @property
    def host(self) -> str: ...  # noqa: D102 - the names say it, the settings explain
    @property
    def port(self) -> int: ...  # noqa: D102
    @property
    def secret(self) -> Secret: ...  # noqa: D102
    @property
    def ping_every_s(self) -> float: ...  # noqa: D102
    @property
    def ping_timeout_s(self) -> float: ...  # noqa: D102
    @property
    def retry_cap_s(self) -> float: ...  # noqa: D102
    @property
    def connect_timeout_s(self) -> float: ...  # noqa: D102
    @property
    def action_timeout_s(self) -> float: ...  # noqa: D102


class Connection(Protocol):
    """A connection that is logged in."""

    ended: "asyncio.Future[str]"
    """Set, with the reason, when it is over."""

    @property
    def greeting(self) -> str:
        """What the other end says it is."""

    def end(self, reason: str) -> None:
        """Close at once and fail everything that waits. The first reason counts."""

    async def ping(self, timeout_s: float, patience: int) -> None:
        """A question that costs nothing. Raises as any action does."""


C = TypeVar("C", bound=Connection)


class Access(Protocol[C]):
    """The way to one PBX. Times in seconds."""

    @property
    def ping_every_s(self) -> float: ...  # noqa: D102 - the settings explain these three
    @property
    def ping_timeout_s(self) -> float: ...  # noqa: D102
    @property
    def retry_cap_s(self) -> float: ...  # noqa: D102

    async def connect(self, on_bytes: Callable[[bytes], None]) -> C:
        """Log in; every byte goes to `on_bytes` first.

        Raises LoginRefusedError, and LinkDownError for all that may be better next time.
        """

    async def look_around(self, connection: C, pbx: str) -> None:
        """Ask for all that is going on; the answers are among the bytes. Raises LinkDownError."""


async def watch(access: Access[C], connection: C) -> None:
    """Ping until the connection ends. Raises LinkDownError then, HalfOpenError on silence.

    An answer to each ping is required. Other bytes only give it more time; so a daemon that was
    stalled itself finds them and does not blame the PBX. A refusal is an answer, too: a PBX that
    shuts down refuses all actions until it closes the connection.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(access.ping_every_s):
                raise LinkDownError(await asyncio.shield(connection.ended))
        try:
            await connection.ping(access.ping_timeout_s, _PATIENCE)
        except ActionRefusedError:
            continue
        except ActionTimeoutError as error:
            raise HalfOpenError(f"half-open: {error}") from error
