"""SIGHUP: load, validate, swap; or keep the old settings and say why. One at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from calltrackd.settings import Settings, SettingsError

_log = structlog.get_logger(__name__)


class Reloads:
    """`load` reads the settings, `adopt` takes them over; either may raise, and the old stay."""

    def __init__(
        self, load: Callable[[], Settings], adopt: Callable[[Settings], Awaitable[None]]
    ) -> None:
        self._load = load
        self._adopt = adopt
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def ask(self) -> None:
        """A signal came; one that comes during a reload is obeyed after it."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._reload(), name="reload")

    async def stop(self) -> None:
        """Give up one that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _reload(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                await self._adopt(self._load())
            except SettingsError as error:
                for problem in error.problems:
                    _log.error("settings.problem", problem=str(problem))
                _log.error("settings.kept", reason=f"{len(error.problems)} problems")
            except Exception as error:  # noqa: BLE001 - border: the old settings stay in force
                _log.error("settings.kept", reason=str(error) or repr(error))
