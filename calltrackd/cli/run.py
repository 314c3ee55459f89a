"""`calltrackd run`: the daemon."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import Fault, SettingsFault, config_option

if TYPE_CHECKING:
    from calltrackd.daemon.core import Daemon
    from calltrackd.settings import Settings

REFUSED = 78
"""EX_CONFIG: systemd must not restart (RestartPreventExitStatus=78)."""


@click.command(short_help="Run the daemon.")
@config_option
def run(config: Path) -> None:
    """Attach to every PBX of the settings and follow its calls until SIGTERM.

    SIGHUP reads the settings again: they are taken over when they are right, else the old ones
    stay and the log says why.
    """
    from calltrackd.daemon.core import NoAttachmentLeftError  # noqa: PLC0415 - quick --help
    from calltrackd.pbx.journal import JournalError  # noqa: PLC0415 - the same
    from calltrackd.store.errors import StoreError  # noqa: PLC0415 - the same
    from calltrackd.web.app import ListenError  # noqa: PLC0415 - the same

    settings = _load(config)
    _configure_logs(settings)
    try:
        asyncio.run(_serve(settings, config))
    except* NoAttachmentLeftError as errors:
        click.echo(f"calltrackd: {errors.exceptions[0]}", err=True)
        sys.exit(REFUSED)
    except* (ListenError, StoreError, JournalError) as errors:
        raise Fault(str(_first(errors))) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _load(config: Path) -> "Settings":
    from calltrackd.settings.errors import SettingsError  # noqa: PLC0415 - quick --help
    from calltrackd.settings.load import load  # noqa: PLC0415 - the same

    try:
        return load(config, os.environ)
    except SettingsError as error:
        raise SettingsFault(
            "\n".join(["the settings can't be used:", *map(str, error.problems)])
        ) from None


def _configure_logs(settings: "Settings") -> None:
    from calltrackd.ops.logs import configure  # noqa: PLC0415 - quick --help

    log = settings.log
    configure(log.format, log.level, hide_numbers=log.mask_numbers)


async def _serve(settings: "Settings", config: Path) -> None:
    from calltrackd.daemon.core import Daemon  # noqa: PLC0415 - quick --help
    from calltrackd.ops.systemd import Notifier  # noqa: PLC0415 - the same
    from calltrackd.store.engine import Store  # noqa: PLC0415 - the same

    settings.state_dir.mkdir(parents=True, exist_ok=True)
    store = await Store.open(settings.store_url)
    try:
        daemon = Daemon(settings, store, Notifier())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, daemon.stop)
        reloads = Reloads(daemon, config)
        loop.add_signal_handler(signal.SIGHUP, reloads.ask)
        await daemon.run()
    finally:
        await store.close()


class Reloads:
    """SIGHUP: load, validate, swap; or keep the old settings and say why. One at a time."""

    def __init__(self, daemon: "Daemon", config: Path) -> None:
        self._daemon = daemon
        self._config = config
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def ask(self) -> None:
        """A signal came; one that comes during a reload is obeyed after it."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._reload(), name="reload")

    async def _reload(self) -> None:
        import structlog  # noqa: PLC0415 - quick --help

        log = structlog.get_logger(__name__)
        self._again = True
        while self._again:
            self._again = False
            try:
                settings = _load(self._config)
                await self._daemon.reload(settings)
                _configure_logs(settings)
            except Exception as error:  # noqa: BLE001 - border: the old settings stay in force
                told = error.message if isinstance(error, click.ClickException) else str(error)
                log.error("settings.kept", reason=told)  # noqa: TRY400 - the reason, no traceback
