"""`calltrackd run`: the daemon."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import Fault, SettingsFault, config_option

if TYPE_CHECKING:
    from calltrackd.settings import Settings
    from calltrackd.store.engine import Store

CLOSE_S = 1.0
SWITCH_S = 0.001
"""Python's longest turn of a thread. The event loop and SQLite's thread take turns, and whatever
passes over to the other one waits for its turn: with the usual 5 ms a webhook came later."""
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

    settings = _first_load(config)
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
    from calltrackd.settings.load import load  # noqa: PLC0415 - quick --help

    return load(config, os.environ)


def _first_load(config: Path) -> "Settings":
    from calltrackd.settings.errors import SettingsError  # noqa: PLC0415 - quick --help

    try:
        return _load(config)
    except SettingsError as error:
        raise SettingsFault(
            "\n".join(["the settings can't be used:", *map(str, error.problems)])
        ) from None


def _configure_logs(settings: "Settings") -> None:
    from calltrackd.ops.logs import configure  # noqa: PLC0415 - quick --help

    log = settings.log
    configure(log.format, log.level, hide_numbers=log.mask_numbers)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(f"state_dir {folder}: {error.strerror or error}") from None


async def _serve(settings: "Settings", config: Path) -> None:
    from calltrackd.crm.links import KeyUnusableError  # noqa: PLC0415 - quick --help
    from calltrackd.daemon.core import Daemon  # noqa: PLC0415 - the same
    from calltrackd.daemon.reloads import Reloads  # noqa: PLC0415 - the same
    from calltrackd.ops.systemd import Notifier  # noqa: PLC0415 - the same
    from calltrackd.store.engine import Store  # noqa: PLC0415 - the same
    from calltrackd.tagging.tone import LexiconError  # noqa: PLC0415 - the same

    _make(settings.state_dir)
    store = await Store.open(settings.store_url)
    try:
        try:
            daemon = Daemon(settings, store, Notifier())
        except (LexiconError, OSError) as error:
            raise Fault(f"tone.lexicon: {error}") from None
        except KeyUnusableError as error:
            raise Fault(str(error)) from None
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()  # 100,000 objects of libraries need not be looked at again and again

        async def adopt(new: "Settings") -> None:
            await daemon.reload(new)
            _configure_logs(new)

        reloads = Reloads(lambda: _load(config), adopt)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, daemon.stop)
        loop.add_signal_handler(signal.SIGHUP, reloads.ask)
        await daemon.run()
        await reloads.stop()
    finally:
        await _closed(store)


async def _closed(store: "Store") -> None:
    """A database that does not answer must not hold up the end."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await store.close()
