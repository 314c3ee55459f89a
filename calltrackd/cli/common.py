"""What several commands share: settings, the store, errors in one line, a console for people."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from calltrackd.cli.words import clean

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from rich.console import Console

    from calltrackd.settings import Settings
    from calltrackd.store.engine import Store

T = TypeVar("T")
DEFAULT_CONFIG = "/etc/calltrackd/calltrackd.toml"
PIPE_WIDTH = 250
"""Letters of a line that nobody's terminal limits: grep must find what a table holds."""

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    envvar="CALLTRACKD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The settings file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


class Fault(click.ClickException):
    """It can't be done; the message says why and what to do. Exit code 1."""

    def show(self, file: Any = None) -> None:
        """One clear line on stderr."""
        click.echo(f"calltrackd: {self.message}", err=True)


class WordFault(Fault):
    """A word of the command line can't be used. Exit code 2."""

    exit_code = 2


class SettingsFault(Fault):
    """The settings can't be used. Exit code 2."""

    exit_code = 2


def settings_of(path: Path, *, need_secrets: bool = False) -> "Settings":
    """The settings; without the secrets unless the command connects to PBX or CRM."""
    from calltrackd.settings.errors import SettingsError  # noqa: PLC0415 - pydantic costs 0.2 s
    from calltrackd.settings.load import load  # noqa: PLC0415 - the same

    try:
        return load(path, os.environ, need_secrets=need_secrets)
    except SettingsError as error:
        raise SettingsFault(
            "\n".join(["the settings can't be used:", *map(str, error.problems)])
        ) from None


def with_store(settings: "Settings", job: Callable[["Store"], Awaitable[T]]) -> T:
    """Open the store, do the job, close it. The store's errors become a Fault."""
    from calltrackd.store.errors import StoreError  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    _must_exist(settings.store_url)
    try:
        return asyncio.run(_opened(settings.store_url, job))
    except StoreError as error:
        raise Fault(f"{error}{_mend(error)}") from None


async def _opened(url: str, job: Callable[["Store"], Awaitable[T]]) -> T:
    from calltrackd.store.engine import Store  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    store = await Store.open(url, migrate=False)
    try:
        return await job(store)
    finally:
        await store.close()


def _must_exist(url: str) -> None:
    """SQLite would make an empty database where there is none."""
    if url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///"))
        try:
            file.stat()
        except FileNotFoundError:
            raise Fault(f"there is no database {file} yet: calltrackd run makes it") from None
        except PermissionError:
            raise Fault(f"{file} can't be reached: {AS_ITS_USER}") from None


AS_ITS_USER = "call this as the daemon's user: sudo -u calltrackd $(command -v calltrackd) …"


def _mend(error: Exception) -> str:
    words = str(error).lower()
    if "unable to open" in words or "readonly" in words or "permission" in words:
        return f": {AS_ITS_USER}"
    return ""


def print_json(objects: Iterable[Any]) -> None:
    """Each as one line of JSON."""
    for one in objects:
        click.echo(msgspec.json.encode(one))


def console() -> "Console":
    """A console for people; a pipe gets wide lines without colours."""
    from rich.console import Console  # noqa: PLC0415 - --json needs none of it

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=PIPE_WIDTH if piped else None, highlight=False)


def said(count: int, thing: str) -> str:
    """A count with its thing.

    >>> said(1, "call"), said(2, "delivery")
    ('1 call', '2 deliveries')
    """
    plural = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{count} {thing if count == 1 else plural}"


def one_line(text: object, limit: int = 200) -> str:
    """The text on one line, its strange letters replaced, cut at `limit`."""
    flat = clean(" ".join(str(text).split()))
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
