"""`calltrackd capture`: a PBX's stream in a file, for a bug report."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calltrackd.cli.calls import Time
from calltrackd.cli.common import (
    AS_ITS_USER,
    Fault,
    WordFault,
    config_option,
    said,
    settings_of,
)
from calltrackd.cli.cut import cut
from calltrackd.cli.doctor import PASSWORD
from calltrackd.cli.words import lasted
from calltrackd.model.call import rfc3339
from calltrackd.pbx.capture import Capture, Masker
from calltrackd.pbx.stream import ENCODINGS, Chunk, Header, Kind

if TYPE_CHECKING:  # a command must not pay for what it does not use
    from calltrackd.pbx.access import Access, Connection
    from calltrackd.settings import Pbx, Settings

RETRY_S = 1.0


@click.command(short_help="Record a PBX's stream for a bug report.")
@config_option
@click.option("--pbx", "name", help="The attachment; only needed when there are several.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="So long; Ctrl-C ends it earlier and keeps what there is.",
)
@click.option(
    "--as",
    "user",
    help="AMI user, or user@domain of FreeSWITCH's directory, to record with instead of"
    f" calltrackd's; its password is asked, or ${PASSWORD}.",
)
@click.option("--mask", is_flag=True, help="Replace phone numbers of 7 and more digits.")
@click.option(
    "--keep",
    multiple=True,
    metavar="NUMBER",
    help="With --mask: leave this number too; those of the settings are left anyhow.",
)
@click.option("--from-journal", is_flag=True, help="Cut it out of the daemon's journal instead.")
@click.option("--since", type=Time(), help="With --from-journal: 2h, today, 2026-11-23T10:00.")
@click.option("--until", type=Time(), help="With --from-journal: up to here.")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def capture(
    config: Path,
    out: Path,
    *,
    name: str | None,
    minutes: float,
    user: str | None,
    mask: bool,
    keep: tuple[str, ...],
    from_journal: bool,
    since: float | None,
    until: float | None,
) -> None:
    """Record what a PBX sends, by a session of its own beside the daemon's, into the file OUT.

    `calltrackd replay` reads such a file. It never holds a password. With --mask it holds no phone
    number, but still the names of people, queues and files.
    """
    if keep and not mask:
        raise WordFault("--keep needs --mask")
    if not from_journal and (since, until) != (None, None):
        raise WordFault("--since and --until need --from-journal")
    if out.suffix == ".gz":
        raise WordFault(f"{out} would not be packed: name it .jsonl and gzip it afterwards")
    from calltrackd.pipeline.build import stream_of  # noqa: PLC0415 - panoramisk is slow to come

    settings = settings_of(config, need_secrets=not from_journal and user is None)
    pbx = _chosen(settings, name)
    stream = stream_of(pbx)
    page = Page(out, pbx.name, stream, _masker(settings, keep) if mask else None)
    with _told(page):
        if from_journal:
            page.copy(cut(settings.journal_dir, pbx.name, stream, since, until))
        else:
            _record(_as(pbx, user), page, minutes * 60)


class Page:
    """The file OUT, made with its first line; never one that is there already."""

    def __init__(self, out: Path, pbx: str, stream: Kind, masker: Masker | None) -> None:
        if out.exists():
            raise Fault(f"{out} is there already: name another file")
        self.out = out
        self.reads = 0
        self.size = 0
        self.first_at = self.last_at = 0.0
        self.masked = masker is not None
        self._pbx = pbx
        self._stream: Kind = stream
        self._masker = masker
        self._capture: Capture | None = None

    def put(self, chunk: Chunk) -> None:
        """Keep a socket read or a mark. OSError when it can't be written."""
        if self._capture is None:
            self.first_at = chunk.at
            self._capture = self._opened(chunk.at)
        if chunk.mark is not None:
            self._capture.mark(chunk.at, chunk.mark)
        else:
            self._capture.chunk(chunk.at, chunk.data)
            self.reads += 1
            self.size += len(chunk.data)
        self.last_at = chunk.at

    def _opened(self, at: float) -> Capture:
        """Readable for nobody else: who called whom is in it."""
        others = os.umask(0o077)
        try:
            return Capture(self.out, self._header(at), self._masker)
        finally:
            os.umask(others)

    def _header(self, at: float) -> Header:
        encoding = ENCODINGS[self._stream]
        return Header(
            stream=self._stream, pbx=self._pbx, scenario="capture", t0=at, encoding=encoding
        )

    def copy(self, chunks: Iterable[Chunk]) -> None:
        """Keep them all."""
        for chunk in chunks:
            self.put(chunk)

    def close(self) -> None:
        """All is on its way to the disk."""
        if self._capture is not None:
            self._capture.__exit__(None, None, None)


@contextmanager
def _told(page: Page) -> Iterator[None]:
    """Closes the page at the end and tells what is on it; errors become a Fault."""
    try:
        with suppress(KeyboardInterrupt):
            yield
    except PermissionError as error:
        raise Fault(f"{error.filename}: permission denied: {AS_ITS_USER}") from None
    except OSError as error:
        raise Fault(f"{page.out}: {error.strerror or error}") from None
    finally:
        page.close()
    if not page.reads:
        page.out.unlink(missing_ok=True)
        raise Fault("nothing came, so nothing was written")
    click.echo(
        f"{page.out}: {said(page.reads, 'read')}, {page.size / 1e6:.1f} MB,"
        f" {lasted(page.last_at - page.first_at)} from {rfc3339(page.first_at)}"
    )
    if page.masked:
        click.echo("phone numbers are masked; names of people, queues and files are not")
    else:
        click.echo("it holds clients' phone numbers: use --mask before you give it away")


def _chosen(settings: "Settings", name: str | None) -> "Pbx":
    names = ", ".join(pbx.name for pbx in settings.pbx) or "none"
    if name is None and len(settings.pbx) == 1:
        return settings.pbx[0]
    if name is None:
        raise WordFault(f"which PBX? --pbx NAME; the settings name: {names}")
    found = next((pbx for pbx in settings.pbx if pbx.name == name), None)
    if found is None:
        raise WordFault(f"the settings name no PBX {name}, but: {names}")
    return found


def _as(pbx: "Pbx", user: str | None) -> "Pbx":
    """The attachment as another user."""
    if user is None:
        return pbx
    from pydantic import SecretStr  # noqa: PLC0415 - costs 0.2 s

    secret = os.environ.get(PASSWORD) or click.prompt(
        f"Password of {user}", hide_input=True, err=True
    )
    return pbx.model_copy(update={"user": user, "secret": SecretStr(secret)})


def _masker(settings: "Settings", keep: tuple[str, ...]) -> Masker:
    """Our own numbers stay: without them a replay would find no tracked call."""
    return Masker([*(entry.did for entry in settings.number), *settings.own_numbers, *keep])


def _record(pbx: "Pbx", page: Page, seconds: float) -> None:
    """Until time is up or Ctrl-C. Fault when the PBX can't be had at all."""
    from calltrackd.ops.logs import configure  # noqa: PLC0415 - structlog is slow to come
    from calltrackd.pbx.errors import LinkError  # noqa: PLC0415 - panoramisk too

    configure("console", "warning")
    click.echo(f"recording {pbx.name} for {lasted(seconds)}; Ctrl-C ends it", err=True)
    try:
        asyncio.run(_sessions(pbx, page, seconds))
    except LinkError as error:
        raise Fault(str(error)) from None


async def _sessions(pbx: "Pbx", page: Page, seconds: float) -> None:
    """One session after the other; the first must succeed."""
    from calltrackd.pbx.errors import LinkDownError  # noqa: PLC0415 - panoramisk is slow to come
    from calltrackd.pipeline.build import access_of  # noqa: PLC0415 - the same

    access = access_of(pbx)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await _session(access, pbx.name, page)
                except LinkDownError as error:
                    if not page.reads:
                        raise
                    click.echo(f"{error}; trying again", err=True)
                await asyncio.sleep(RETRY_S)


async def _session(access: "Access[Any]", pbx: str, page: Page) -> None:
    """Logs in, asks what is going on, keeps every byte. Raises LinkError, OSError."""
    from calltrackd.pbx.access import watch  # noqa: PLC0415 - only here

    intake = _Intake(page)
    connection = await access.connect(intake.take)
    try:
        intake.accepted(connection, again=page.reads > 0)
        await access.look_around(connection, pbx)
        await watch(access, connection)
    finally:
        connection.end("captured")
        if intake.failure is not None:
            raise intake.failure
        if connection.ended.result() != "captured":
            page.put(Chunk(0, time.time(), mark="eof"))


class _Intake:
    """Holds the bytes of a session until its login is accepted, so that no refused one is kept."""

    def __init__(self, page: Page) -> None:
        self.failure: OSError | None = None
        self._held: list[Chunk] | None = []
        self._page = page
        self._end: Callable[[str], None] = lambda _reason: None

    def take(self, data: bytes) -> None:
        """Every read. A disk that refuses ends the session."""
        chunk = Chunk(0, time.time(), data)
        if self._held is not None:
            self._held.append(chunk)
        elif self.failure is None:
            try:
                self._page.put(chunk)
            except OSError as error:
                self.failure = error
                self._end(str(error))

    def accepted(self, connection: "Connection", *, again: bool) -> None:
        """The login was accepted. OSError when the file can't be written."""
        held, self._held = self._held or [], None
        if again:
            self._page.put(Chunk(0, held[0].at, mark="reconnect"))
        self._page.copy(held)
        self._end = connection.end
