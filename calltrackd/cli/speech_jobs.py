"""`calltrackd speech jobs list|show|retry|drop`: recorded calls that wait to be heard, or can't."""

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
from calltrackd.model.speech_job import Job, JobState

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from sqlalchemy.ext.asyncio import AsyncConnection

    from calltrackd.store.engine import Store

_STYLES = {"waiting": "yellow", "running": "cyan", "done": "green", "aside": "red"}
_TIMES = ("call_started_at", "created_at", "ready_at", "lease_until", "ended_at")

Change = Callable[["AsyncConnection", Sequence[int], float], Awaitable[int]]

aside_option = click.option("--aside", is_flag=True, help="All that were set aside.")
jobs_argument = click.argument("jobs", nargs=-1, type=int)


@click.group(short_help="Look after calls that wait to be heard: list, show, retry, drop.")
def jobs() -> None:
    """A recorded call is a job: it waits, runs, is done, or was set aside with the reason."""


@jobs.command("list")
@config_option
@json_option
@click.option("--state", type=click.Choice(get_args(JobState)))
@click.option("--call", "call_id", help="Only of this call (its whole id).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def list_(config: Path, limit: int, *, as_json: bool, **wanted: Any) -> None:
    """List jobs, newest calls first."""
    found = _listed(config, limit, **wanted)
    if as_json:
        print_json(_public(job) for job in found)
    elif found:
        console().print(_table(found, time.time()))
    else:
        click.echo("no job fits", err=True)


@jobs.command()
@config_option
@json_option
@click.argument("job", type=int)
def show(config: Path, job: int, *, as_json: bool) -> None:
    """Show all that is known of JOB, by its id."""
    found = with_store(settings_of(config), lambda store: _one(store, job))
    if as_json:
        print_json([_public(found)])
        return
    for name, value in _public(found).items():
        if value is not None:
            click.echo(f"{name:17}{one_line(value, 2000)}")


@jobs.command()
@config_option
@aside_option
@jobs_argument
def retry(config: Path, jobs: tuple[int, ...], *, aside: bool) -> None:
    """Hear calls anew, as if never tried: JOBS by id, or all --aside ones."""
    from calltrackd.store import speech_jobs  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    count = _changed(config, jobs, speech_jobs.again, aside=aside)
    click.echo(f"{said(count, 'call')} will be heard again, from within half a minute on")


@jobs.command()
@config_option
@aside_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@jobs_argument
def drop(config: Path, jobs: tuple[int, ...], *, aside: bool, yes: bool) -> None:
    """End jobs unheard: JOBS by id, or all --aside ones. Recordings stay where they are."""
    from calltrackd.store import speech_jobs  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    what = "all jobs that were set aside" if aside else "these jobs"
    if not yes:
        click.confirm(f"Give up {what}? Their calls get no transcript", abort=True)
    count = _changed(config, jobs, speech_jobs.drop, aside=aside)
    click.echo(f"{said(count, 'job')} dropped")


def _listed(config: Path, limit: int, **wanted: Any) -> list[Job]:
    from calltrackd.store import speech_jobs  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async def read(store: "Store") -> list[Job]:
        async with store.read() as conn:
            return await speech_jobs.list_jobs(conn, limit=limit, **wanted)

    return with_store(settings_of(config), read)


async def _one(store: "Store", job_id: int) -> Job:
    from calltrackd.store import speech_jobs  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    async with store.read() as conn:
        job = await speech_jobs.show(conn, job_id)
    if job is None:
        raise Fault(f"no job has the id {job_id}: calltrackd speech jobs list shows them")
    return job


def _changed(config: Path, job_ids: Sequence[int], change: Change, *, aside: bool) -> int:
    """How many jobs the change touched: those named, or all set aside ones page by page."""
    from calltrackd.store import speech_jobs  # noqa: PLC0415 - SQLAlchemy costs 0.3 s

    if aside == bool(job_ids):
        raise WordFault("name jobs by id, or say --aside")

    async def named(store: "Store") -> list[int]:
        return [(await _one(store, job_id)).id for job_id in job_ids]

    async def page(conn: "AsyncConnection", most: int) -> list[int]:
        return [job.id for job in await speech_jobs.list_jobs(conn, state="aside", limit=most)]

    async def now(conn: "AsyncConnection", ids: Sequence[int]) -> int:
        return await change(conn, ids, time.time())

    return all_changed(config, page, now) if aside else changed(config, named, now)


def _public(job: Job) -> dict[str, Any]:
    """The job for JSON: times as RFC 3339. The worker's own note is nobody else's."""
    out = msgspec.structs.asdict(job)
    del out["note"]
    return {**out, **{name: rfc3339(out[name]) for name in _TIMES}}


def _table(found: Sequence[Job], now: float) -> Any:
    from rich.table import Table  # noqa: PLC0415 - --json needs none of it
    from rich.text import Text  # noqa: PLC0415 - the same

    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("job", "call began", "call", "state", "tries", "deaths"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("what happened")
    for job in found:
        grid.add_row(
            str(job.id),
            clock(str(rfc3339(job.call_started_at)), now, None),
            job.call_id[:18],
            Text(job.state, style=_STYLES[job.state]),
            str(job.attempts),
            str(job.deaths or ""),
            Text(_happened(job, now), no_wrap=True, overflow="ellipsis"),
        )
    return grid


def _happened(job: Job, now: float) -> str:
    """Why it waits or was set aside, and when it is its turn."""
    reason = one_line(job.reason) if job.reason else ""
    if job.state != "waiting":
        return reason
    return f"due {until(job.ready_at, now)}{': ' if reason else ''}{reason}"
