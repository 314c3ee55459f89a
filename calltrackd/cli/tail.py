"""`calltrackd tail`: the calls as they happen."""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path

import click
from rich.console import RenderableType

from calltrackd.cli.board import Board
from calltrackd.cli.common import (
    Fault,
    config_option,
    console,
    json_option,
    print_json,
    settings_of,
)
from calltrackd.cli.feed import Happening, follow
from calltrackd.cli.format import cells

TICK_S = 0.25
"""The seconds of calls in progress run on the screen."""


@click.command(short_help="Follow the calls live.")
@config_option
@json_option
@click.option("--url", help="The daemon's local port; without it, what the settings say.")
def tail(config: Path, url: str | None, *, as_json: bool) -> None:
    """Follow the calls live, as a table; Ctrl-C ends it.

    With --json, or into a pipe, each change is a line; what is not a call is said on stderr.
    """
    address = (url or _address(config)).rstrip("/")
    with suppress(KeyboardInterrupt):
        if as_json or not sys.stdout.isatty():
            asyncio.run(_lines(address, as_json=as_json))
        else:
            asyncio.run(_table(address))


def _address(config: Path) -> str:
    web = settings_of(config).web
    if not web.enabled or not web.port:
        raise Fault("the settings name no local port ([web]): give --url http://127.0.0.1:PORT")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104 - not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{web.port}"


async def _lines(address: str, *, as_json: bool) -> None:
    async with aclosing(follow(address)) as happenings:
        async for happening in happenings:
            if happening.kind != "call":
                _say(happening, address)
            elif as_json:
                print_json([happening.data])
            else:
                line = cells(happening.data, time.time(), None, width=1000).values()
                click.echo("  ".join(text.plain for text in line if text.plain))


def _say(happening: Happening, address: str) -> None:
    """What is not a call, for the person at the other end of stderr."""
    match happening.kind:
        case "connected":
            words = f"following {address}"
        case "away":
            words = f"{address} is away ({happening.data}), trying again"
        case "behind":
            words = f"too slow for {happening.data['left_out']} changes"
        case _:
            states = (f"{one['pbx']} {'up' if one['up'] else 'blind'}" for one in happening.data)
            words = f"links: {', '.join(states) or 'none'}"
    click.echo(f"calltrackd: {words}", err=True)


async def _table(address: str) -> None:
    """Until Ctrl-C; the last picture stays on the terminal."""
    from rich.live import Live  # noqa: PLC0415 - --json needs none of it

    board, screen = Board(), console()

    def picture() -> RenderableType:
        return board.draw(time.time(), None, screen.width, screen.height)

    try:
        with Live(console=screen, screen=True, auto_refresh=False) as live:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_tick(lambda: live.update(picture(), refresh=True)))
                async with aclosing(follow(address)) as happenings:
                    async for happening in happenings:
                        _feed(board, happening)
    finally:
        screen.print(picture())


async def _tick(show: Callable[[], None]) -> None:
    while True:
        show()
        await asyncio.sleep(TICK_S)


def _feed(board: Board, happening: Happening) -> None:
    match happening.kind:
        case "connected":
            board.connected()
        case "away":
            board.away(time.time(), happening.data)
        case "links":
            board.links(happening.data)
        case "call":
            board.call(happening.data)
