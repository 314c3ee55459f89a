"""`calltrackd deals list|show`: what became of calls."""

from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from calltrackd.cli.calls import Time
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
from calltrackd.cli.words import clean, clock
from calltrackd.model.call import rfc3339
from calltrackd.model.deal import DealChange, DealKind, DealStatus, KeptDeal

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from rich.table import Table

    from calltrackd.store.engine import Store

_STYLES = {"won": "green", "lost": "red", "open": "yellow"}
_TIMES = ("created_at", "changed_at", "closed_at", "read_at", "seen_at", "updated_at")


@click.group(short_help="List deals that came back from CRMs, or tell one with its history.")
def deals() -> None:
    """What became of calls, as the CRMs say."""


@deals.command("list")
@config_option
@json_option
@click.option("--target", help="Of this target only.")
@click.option("--status", type=click.Choice(get_args(DealStatus)))
@click.option("--since", type=Time(), help="Changed at or after: 2h, 7d, today, 2026-11-23.")
@click.option("--call", "call_id", help="Joined to this call (an id or its beginning).")
@click.option("--joined/--unjoined", default=None, help="Joined to a call, or to none.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def list_(config: Path, limit: int, *, as_json: bool, **wanted: Any) -> None:
    """List deals, latest change first."""
    from calltrackd.store import deals as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def read(store: "Store") -> list[KeptDeal]:
        async with store.read() as conn:
            return await stored.list_deals(conn, stored.DealFilter(**wanted), limit)

    found = with_store(settings_of(config), read)
    if as_json:
        print_json(map(shown, found))
    elif found:
        console().print(_table(found))
        if len(found) == limit:
            click.echo(f"the latest {said(limit, 'deal')}; more by --limit", err=True)
    else:
        click.echo("no deal fits", err=True)


@deals.command()
@config_option
@json_option
@click.argument("deal")
@click.option("--target", help="When several targets have a deal of that id.")
@click.option("--kind", type=click.Choice(get_args(DealKind)), help="When a lead has it, too.")
def show(
    config: Path, deal: str, target: str | None, kind: DealKind | None, *, as_json: bool
) -> None:
    """Tell one deal with its history.

    DEAL is its id in the CRM.
    """
    from calltrackd.store import deals as stored  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def read(store: "Store") -> tuple[KeptDeal, list[DealChange]] | None:
        async with store.read() as conn:
            found = await stored.get(conn, deal, target=target, kind=kind)
            return None if found is None else (found, await stored.history(conn, found))

    told = with_store(settings_of(config), read)
    if told is None:
        raise Fault(f"no deal has the id {deal}: calltrackd deals list shows them")
    found, history = told
    if as_json:
        print_json([{**shown(found), "history": [_step(one) for one in history]}])
    else:
        screen = console()
        screen.print(_facts(found))
        screen.print(_history(history, None))


def shown(deal: KeptDeal) -> dict[str, Any]:
    """The deal ready for JSON."""
    fields = {name: getattr(deal, name) for name in deal.__struct_fields__}
    return {**fields, **{name: rfc3339(fields[name]) for name in _TIMES}}


def _step(change: DealChange) -> dict[str, Any]:
    fields = {name: getattr(change, name) for name in change.__struct_fields__}
    return {**fields, "at": rfc3339(change.at), "changed_at": rfc3339(change.changed_at)}


def _sum(amount: str | None, currency: str | None) -> str:
    return f"{amount} {currency or ''}".strip() if amount else ""


def _table(found: list[KeptDeal]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it
    from rich.text import Text  # noqa: PLC0415 - the same

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("changed", "target", "deal", "status", "stage", "amount", "call", "by"):
        grid.add_column(name, no_wrap=True, justify="right" if name == "amount" else "left")
    for deal in found:
        grid.add_row(
            _time(deal.updated_at, None),
            clean(deal.target),
            clean(deal.id if deal.kind == "deal" else f"{deal.kind} {deal.id}"),
            Text(deal.status, style=_STYLES[deal.status]),
            clean(deal.stage),
            clean(_sum(deal.amount, deal.currency)),
            Text((deal.call_id or "")[:18], style="dim"),
            deal.way or "",
        )
    return grid


def _facts(deal: KeptDeal) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    joined = f"{deal.call_id}, joined by {deal.way}" if deal.call_id else "none"
    rows = {
        "deal": f"{deal.target} {deal.kind} {deal.id}",
        "title": deal.title or "",
        "status": f"{deal.status} (stage {deal.stage})",
        "amount": _sum(deal.amount, deal.currency),
        "created": _time(deal.created_at, None),
        "closed": _time(deal.closed_at, None),
        "responsible": deal.responsible or "",
        "call": joined,
        "page": deal.url or "",
    }
    for name, text in rows.items():
        if text:
            grid.add_row(name, clean(text))
    return grid


def _history(history: list[DealChange], zone: tzinfo | None) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it
    from rich.text import Text  # noqa: PLC0415 - the same

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("changed", "status", "stage", "amount", "heard by"):
        grid.add_column(name)
    for one in history:
        status = Text(one.status, style=_STYLES[one.status])
        amount = clean(_sum(one.amount, one.currency))
        grid.add_row(_time(one.changed_at, zone), status, clean(one.stage), amount, one.seen_by)
    return grid


def _time(at: float | None, zone: tzinfo | None) -> str:
    return "" if at is None else clock(rfc3339(at) or "", 0.0, zone)
