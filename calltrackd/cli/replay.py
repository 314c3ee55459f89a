"""`calltrackd replay`: recorded streams become records again, without network."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calltrackd.cli.common import Fault, json_option, print_json, settings_of

if TYPE_CHECKING:
    from calltrackd.model.call import CallRecord
    from calltrackd.settings import Settings


@click.command(short_help="Turn recorded streams into records again.")
@click.option(
    "--pbx",
    type=click.Choice(["asterisk", "freeswitch"]),
    help="What sent the streams; their headers say so too, and must agree.",
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings: numbers, patterns, key maps, kinds. Without them: the defaults.",
)
@click.option("--diff", is_flag=True, help="Compare with the store of the settings instead.")
@json_option
@click.argument(
    "streams", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
def replay(
    pbx: str | None, config: Path | None, diff: bool, as_json: bool, streams: tuple[Path, ...]
) -> None:
    """Run STREAMS through the pipeline and print the final records.

    STREAMS are journal segments and captures. The same input gives the same output, byte for byte.
    """
    from calltrackd.pbx.stream import StreamError  # noqa: PLC0415 - quick --help
    from calltrackd.pipeline.replay import Replay  # noqa: PLC0415 - the same

    settings = _settings(config)
    run = Replay(settings, make=pbx)
    try:
        records = asyncio.run(run.run(streams))
    except StreamError as error:
        raise Fault(str(error)) from None
    if run.unusable:
        told = ", ".join(f"{name} {count}" for name, count in sorted(run.unusable.items()))
        click.echo(f"not used: {told}", err=True)
    if diff:
        _print_differences(settings, config, records, as_json=as_json)
    elif as_json:
        _print_records(records)
    else:
        _print_table(records)


def _settings(config: Path | None) -> "Settings":
    if config is not None:
        return settings_of(config)
    from calltrackd.settings import Settings  # noqa: PLC0415 - quick --help

    return Settings()


def _print_records(records: "list[CallRecord]") -> None:
    from calltrackd.model.call import public  # noqa: PLC0415 - quick --help

    print_json(public(record) for record in records)


def _print_table(records: "list[CallRecord]") -> None:
    from calltrackd.cli.common import console  # noqa: PLC0415 - only for people
    from calltrackd.cli.format import table  # noqa: PLC0415 - the same
    from calltrackd.model.call import public  # noqa: PLC0415 - quick --help

    screen = console()
    shown = [public(record) for record in records]
    screen.print(table(shown, time.time(), None, screen.width, ids=True))


def _print_differences(
    settings: "Settings", config: Path | None, records: "list[CallRecord]", *, as_json: bool
) -> None:
    """Exit code 1 when a record differs."""
    from calltrackd.cli.common import with_store  # noqa: PLC0415 - only here
    from calltrackd.pipeline.diff import compared  # noqa: PLC0415 - the same

    if config is None:
        raise click.UsageError("--diff needs -c FILE: whose store is compared?")
    found = with_store(settings, lambda store: compared(store, records))
    if as_json:
        print_json(found)
    else:
        for one in found:
            click.echo(one.told())
        click.echo(f"{len(records)} replayed, {len(found)} differ")
    if found:
        click.get_current_context().exit(1)
