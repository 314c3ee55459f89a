"""Plays the operator's confirmation tone; how a tone is asked for, the PBX's make decides.

A tone that can't be played is told once and forgotten: the tag is set all the same.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Protocol

import structlog

from calltrackd.pbx.errors import LinkError, LoginRefusedError
from calltrackd.pbx.tone import Kind

MOST_WAITING = 50
"""Tones that may wait; more come only from a phone gone mad."""
LATE_S = 2.0
"""A tone that could not be played for so long would only confuse."""

_log = structlog.get_logger(__name__)


class Phone(Protocol):
    """The channel of an operator's phone."""

    id: str
    name: str


class Toner(ABC):
    """Tones of one attachment. `kind` may change at any time."""

    def __init__(self, pbx: str, kind: Kind) -> None:
        self.kind: Kind = kind
        self._name = pbx
        self._waiting: asyncio.Queue[tuple[float, Phone, bool]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._refused = False
        self._said = ""

    @abstractmethod
    async def _play(self, phone: Phone, *, known: bool) -> None:
        """Ask the PBX for one beep, or two. Raises LinkError."""

    def confirm(self, phone: Phone, *, known: bool) -> None:
        """Let `phone` hear one beep, or two for keys that mean nothing."""
        if self.kind == "off" or self._refused:
            return
        if self._task is None:
            self._task = asyncio.create_task(self._play_all(), name=f"{self._name} tones")
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((_now(), phone, known))

    async def close(self) -> None:
        """Play nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _play_all(self) -> None:
        """Until cancelled, or until the PBX refuses the login: to go on would wake fail2ban."""
        while not self._refused:
            asked_at, phone, known = await self._waiting.get()
            if _now() - asked_at < LATE_S:
                await self._try(phone, known=known)

    async def _try(self, phone: Phone, *, known: bool) -> None:
        try:
            await self._play(phone, known=known)
        except LinkError as error:
            self._refused = isinstance(error, LoginRefusedError)
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001 - border: no tone is worth a stop of all tones
            self._tell(repr(error))

    def _tell(self, reason: str) -> None:
        if reason != self._said:
            _log.warning("tone.not_played", pbx=self._name, reason=reason)
        self._said = reason


def _now() -> float:
    return asyncio.get_running_loop().time()
