"""`calltrackd outbox list|show|retry|drop`: deliveries owed, sent and given up."""

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
import msgspec

from calltrackd.cli.changing import all_changed, changed
from calltrackd.cli.common import (
    Fault,
    WordFault,
    config_option,
    console,
    json_option,
    one_line,
    print_json,
    said,
    settings_of,
    with_store,
)
from calltrackd.cli.words import clock, until
from calltrackd.model.call import rfc3339
from calltrackd.model.outbox import OWED, OutboxRow, OutboxState

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from sqlalchemy.ext.asyncio import AsyncConnection

    from calltrackd.store.engine import Store

_STYLES = {
    "waiting": "yellow",
    "sending": "yellow",
    "unknown": "magenta",
    "sent": "green",
    "dead": "red",
    "dropped": "dim",
}

Change = Callable[["AsyncConnection", Sequence[str]], Awaitable[int]]

target_option = click.option("--target", help="Only of this target.")
dead_option = click.option("--dead", is_flag=True, help="All dead letters (of --target).")


@click.group(short_help="Look after deliveries to the CRM: list, show, retry, drop.")
def outbox() -> None:
    """What each CRM target is owed, has got, or could not be given."""


@outbox.command("list")
@config_option
@json_option
@target_option
@click.option("--state", type=click.Choice(get_args(OutboxState)))
@click.option("--call", "call_id", help="Only of this call (its whole id).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def list_(config: Path, limit: int, *, as_json: bool, **wanted: Any) -> None:
    """List deliveries, newest first."""
    rows = _listed(config, limit, **wanted)
    if as_json:
        print_json(_public(row) for row in rows)
    elif rows:
        console().print(_table(rows, time.time()))
    else:
        click.echo("no delivery fits", err=True)


@outbox.command()
@config_option
@json_option
@click.argument("delivery")
def show(config: Path, delivery: str, *, as_json: bool) -> None:
    """Show one delivery with its body. DELIVERY is its id, or the beginning of it."""
    row = with_store(settings_of(config), lambda store: _one(store, delivery))
    if as_json:
        print_json([_public(row)])
        return
    for name, value in _public(row).items():
        if name != "body" and value is not None:
            click.echo(f"{name:15}{one_line(value, 2000)}")
    click.echo(msgspec.json.format(row.body, indent=2))


@outbox.command()
@config_option
@target_option
@dead_option
@click.argument("deliveries", nargs=-1)
def retry(config: Path, deliveries: tuple[str, ...], target: str | None, *, dead: bool) -> None:
    """Deliver again, now: DELIVERIES by id, or all --dead ones. The receiver sees the same id."""
    from calltrackd.store import outbox as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def change(conn: "AsyncConnection", ids: Sequence[str]) -> int:
        return await stored.retry(conn, ids, time.time())

    count = _changed(config, deliveries, target, change, dead=dead)
    click.echo(f"{said(count, 'delivery')} will be tried again within seconds")


@outbox.command()
@config_option
@target_option
@dead_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("deliveries", nargs=-1)
def drop(
    config: Path, deliveries: tuple[str, ...], target: str | None, *, dead: bool, yes: bool
) -> None:
    """Give deliveries up for good: DELIVERIES by id, or all --dead ones."""
    from calltrackd.store import outbox as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    what = f"all dead letters{f' of {target}' if target else ''}" if dead else "these deliveries"
    if not yes:
        click.confirm(f"Give up {what}? The target will never get them", abort=True)
    count = _changed(config, deliveries, target, stored.drop, dead=dead)
    click.echo(f"{said(count, 'delivery')} dropped")


def _listed(config: Path, limit: int, **wanted: Any) -> list[OutboxRow]:
    from calltrackd.store import outbox as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def read(store: "Store") -> list[OutboxRow]:
        async with store.read() as conn:
            return await stored.list_rows(conn, limit=limit, **wanted)

    return with_store(settings_of(config), read)


async def _one(store: "Store", delivery: str) -> OutboxRow:
    from calltrackd.store import outbox as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async with store.read() as conn:
        row = await stored.show(conn, delivery)
    if row is None:
        raise Fault(f"no delivery has the id {delivery}: calltrackd outbox list shows them")
    return row


def _changed(
    config: Path, deliveries: Sequence[str], target: str | None, change: Change, *, dead: bool
) -> int:
    """How many rows the change touched: those named, or all dead ones page by page."""
    from calltrackd.store import outbox as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    if dead == bool(deliveries):
        raise WordFault("name deliveries by id, or say --dead")

    async def named(store: "Store") -> list[str]:
        return [(await _one(store, delivery)).id for delivery in deliveries]

    async def page(conn: "AsyncConnection", most: int) -> list[str]:
        rows = await stored.list_rows(conn, target=target, state="dead", limit=most)
        return [row.id for row in rows]

    return all_changed(config, page, change) if dead else changed(config, named, change)


def _public(row: OutboxRow) -> dict[str, Any]:
    """The row for JSON: times as RFC 3339, the body as the object that it is."""
    out = msgspec.structs.asdict(row)
    for name in ("created_at", "next_at", "first_tried_at", "sent_at"):
        out[name] = rfc3339(out[name])
    return {**out, "body": msgspec.Raw(row.body.encode())}


def _table(rows: Sequence[OutboxRow], now: float) -> Any:
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it
    from rich.text import Text  # noqa: PLC0415 - the same

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("delivery", "made", "target", "event", "call", "state", "tries"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("what happened")
    for row in rows:
        grid.add_row(
            row.id[:12],
            clock(str(rfc3339(row.created_at)), now, None),
            row.target,
            f"{row.step} v{row.version}",
            row.call_id[:13],
            Text(row.state, style=_STYLES[row.state]),
            str(row.attempts),
            Text(_happened(row, now), no_wrap=True, overflow="ellipsis"),
        )
    return grid


def _happened(row: OutboxRow, now: float) -> str:
    """The last error, and when the next try is."""
    said_last = one_line(row.last_error) if row.last_error else ""
    if row.state not in OWED:
        return said_last
    return f"again {until(row.next_at, now)}{': ' if said_last else ''}{said_last}"
