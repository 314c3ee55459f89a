"""A stretch of a journal, read beside the daemon that writes it."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, pairwise, takewhile
from pathlib import Path
from urllib.parse import quote

import click
import msgspec

from calltrackd.cli.common import Fault
from calltrackd.model.call import rfc3339
from calltrackd.pbx.segment import PLAIN
from calltrackd.pbx.stream import Chunk, Kind, Stream, StreamError

FRAME_END: dict[Kind, re.Pattern[bytes]] = {
    "ami": re.compile(rb"\r\n\r\n"),
    "esl-plain": re.compile(rb"\n\n(?=Content-(?:Length|Type): )"),
}


def cut(
    root: Path, pbx: str, kind: Kind, since: float | None, until: float | None
) -> Iterator[Chunk]:
    """The journal's chunks of that time, from the first whole message on. Fault: none."""
    streams = [s for s in _streams(root / quote(pbx, safe="")) if s.header.stream == kind]
    if not streams:
        raise Fault(f"{root} has no journal of {pbx}: calltrackd run writes it")
    begin, end = since or 0.0, until or float("inf")
    ends = [later.header.t0 for _, later in pairwise(streams)] + [float("inf")]
    late = [one for one, last in zip(streams, ends, strict=True) if last > begin]
    chunks = (chunk for stream in late for chunk in _chunks(stream) if chunk.at >= begin)
    wanted = takewhile(lambda chunk: chunk.at < end, chunks)
    first = next(_whole(wanted, FRAME_END[kind]), None)
    if first is None:
        reach = rfc3339(streams[0].header.t0)
        raise Fault(f"the journal of {pbx} has nothing of that time; it begins at {reach}")
    return chain([first], wanted)


def _whole(chunks: Iterable[Chunk], frame_end: re.Pattern[bytes]) -> Iterator[Chunk]:
    """What is before the first end of a message is cut away, up to a mark at most."""
    for chunk in chunks:
        if chunk.mark is not None:
            yield chunk
            return
        found = frame_end.search(chunk.data)
        if found and found.end() < len(chunk.data):
            yield msgspec.structs.replace(chunk, data=chunk.data[found.end() :])
            return


def _streams(folder: Path) -> list[Stream]:
    """The segments, oldest first, though the daemon may pack or drop one under our eyes."""
    with suppress(FileNotFoundError):
        names = {name.partition(".")[0] for name in os.listdir(folder)}  # noqa: PTH208 - glob hides that it may not read
        opened = (_opened(folder / f"{name}{PLAIN}") for name in sorted(names) if name.isdigit())
        return [stream for stream in opened if stream is not None]
    return []


def _opened(plain: Path) -> Stream | None:
    """A segment, packed or not; None: it is gone, or its first line can't be read."""
    try:
        for path in (plain, plain.with_name(plain.name + ".gz")):
            with suppress(FileNotFoundError):
                return Stream(path, _damaged)
    except StreamError as error:
        _damaged(error)
    return None


def _chunks(stream: Stream) -> Iterator[Chunk]:
    try:
        yield from stream
    except FileNotFoundError:  # packed since, and told before the first chunk
        packed = _opened(stream.path)
        if packed is not None:
            yield from packed


def _damaged(error: StreamError) -> None:
    click.echo(f"calltrackd: left out: {error}", err=True)
