"""`calltrackd forget NUMBER`: a person asks to be forgotten."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from calltrackd.cli.common import (
    Fault,
    WordFault,
    config_option,
    json_option,
    one_line,
    print_json,
    said,
    settings_of,
    with_store,
)
from calltrackd.model.numbers import e164
from calltrackd.model.paths import located

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from calltrackd.settings import Settings
    from calltrackd.store.engine import Store
    from calltrackd.store.files import Removed
    from calltrackd.store.retention import Forgotten


@click.command(short_help="Delete all that is known of a client's number.")
@config_option
@json_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("number")
def forget(config: Path, number: str, *, as_json: bool, yes: bool) -> None:
    """Delete all that is known of the client NUMBER, and say what went.

    Its calls, tags, deliveries, recordings and transcripts.
    """
    settings = settings_of(config)
    client = e164(number, settings.region)
    if client is None:
        raise WordFault(f"{number!r} is no number that can be dialled")
    if not yes:
        click.confirm(f"Delete all calls and recordings of {client} for ever?", abort=True)
    gone, files = with_store(settings, lambda store: _forget(store, client, settings))
    if as_json:
        print_json([{"number": client, **_counts(gone), "recordings": files}])
    else:
        _tell(client, gone, files, settings.journal.keep_days)
    if files.failed or files.outside:
        raise Fault("some recordings are still there, see above")


async def _forget(
    store: "Store", client: str, settings: "Settings"
) -> tuple["Forgotten", "Removed"]:
    from calltrackd.store import files, retention  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    gone = await store.writer.submit(lambda conn: retention.forget(conn, client))
    audio = settings.recordings
    here = [located(path, audio.path_map) for path in gone.recordings]
    return gone, await asyncio.to_thread(files.delete, here, audio.folders)


def _counts(gone: "Forgotten") -> dict[str, int]:
    counts = msgspec.structs.asdict(gone)
    del counts["recordings"]
    return counts


def _tell(client: str, gone: "Forgotten", files: "Removed", journal_days: float) -> None:
    owed = f", {gone.undelivered} of them still owed" if gone.undelivered else ""
    click.echo(
        f"{client}: deleted {said(gone.calls, 'call')}, {said(gone.tags, 'tag')}, "
        f"{said(gone.deliveries, 'delivery')}{owed}, {said(len(files.deleted), 'recording')}, "
        f"{said(gone.transcripts, 'transcript')}"
    )
    _list("left, for it is outside recordings.folders", files.outside)
    _list("left, for it could not be deleted", files.failed)
    _list("not found", files.missing)
    click.echo(
        "Not touched: what CRM targets were told before, the PBX's own logs, and the journal of "
        f"the raw stream, which is deleted after {journal_days:g} days (journal.keep_days)."
    )


def _list(title: str, paths: Iterable[str]) -> None:
    for path in paths:
        click.echo(f"  recording {title}: {one_line(path, 1000)}")
