"""`calltrackd calls list|show`."""

import time
from pathlib import Path
from typing import Any, get_args

import click

from calltrackd.cli.common import (
    Fault,
    config_option,
    console,
    json_option,
    print_json,
    said,
    settings_of,
    with_store,
)
from calltrackd.cli.format import table
from calltrackd.cli.story import story
from calltrackd.cli.words import moment
from calltrackd.model.call import CallRecord, Direction, Outcome, public
from calltrackd.model.numbers import e164


class Time(click.ParamType[float]):
    """A time as people say it, to unix seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """`2h`, `today`, `2026-11-23`, RFC 3339."""
        try:
            return value if isinstance(value, float) else moment(value, time.time(), None)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group(short_help="List calls, or tell one from ring to hang-up.")
def calls() -> None:
    """What the store knows of calls."""


@calls.command("list")
@config_option
@json_option
@click.option("--since", type=Time(), help="Begun at or after: 2h, 7d, today, 2026-11-23.")
@click.option("--until", type=Time(), help="Begun before.")
@click.option("--number", help="The number that the client dialled or was shown.")
@click.option("--caller", help="The client's number.")
@click.option("--operator", help="Extension of one who talked.")
@click.option("--outcome", type=click.Choice(get_args(Outcome)))
@click.option("--direction", type=click.Choice(get_args(Direction)))
@click.option("--missed", is_flag=True, help="Inbound and answered by nobody.")
@click.option("--tag", help="Bears this tag.")
@click.option("--without-tag", help="Does not bear this tag.")
@click.option("--pbx", help="Name of the attachment.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def list_(config: Path, limit: int, *, as_json: bool, missed: bool, **wanted: Any) -> None:
    """List calls, newest first."""
    from calltrackd.store import calls as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.store.engine import Store  # noqa: PLC0415 - the same

    settings = settings_of(config)
    for name in ("number", "caller"):
        wanted[name] = wanted[name] and (e164(wanted[name], settings.region) or wanted[name])
    fields = {"did" if name == "number" else name: value for name, value in wanted.items()}
    chosen = stored.CallFilter(**fields, lost=True if missed else None)

    async def read(store: Store) -> list[CallRecord]:
        async with store.read() as conn:
            return await stored.list_calls(conn, chosen, limit)

    found = [public(record) for record in with_store(settings, read)]
    if as_json:
        print_json(found)
    else:
        _print(found, limit)


@calls.command()
@config_option
@json_option
@click.argument("call")
def show(config: Path, call: str, *, as_json: bool) -> None:
    """Tell one call from ring to hang-up.

    CALL is its id, or the beginning of it.
    """
    from calltrackd.store import calls as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s
    from calltrackd.store.engine import Store  # noqa: PLC0415 - the same

    async def read(store: Store) -> CallRecord | None:
        async with store.read() as conn:
            return await stored.get(conn, call)

    record = with_store(settings_of(config), read)
    if record is None:
        raise Fault(f"no call has the id {call}: calltrackd calls list shows them")
    if as_json:
        print_json([public(record)])
    else:
        console().print(story(public(record), time.time(), None))


def _print(found: list[dict[str, Any]], limit: int) -> None:
    screen = console()
    if not found:
        click.echo("no call fits", err=True)
        return
    screen.print(table(found, time.time(), None, screen.width, ids=True))
    if len(found) == limit:
        click.echo(f"the newest {said(limit, 'call')}; more by --limit", err=True)
