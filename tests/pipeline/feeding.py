"""Recorded streams as chunks, cut and mixed as a test wants, and what a street makes of them."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from calltrackd.model.call import Change, public
from calltrackd.pbx.stream import Chunk, Header, Kind, Stream
from calltrackd.pipeline.build import street_of
from calltrackd.pipeline.replay import attachment
from calltrackd.pipeline.street import Street
from calltrackd.settings import Settings

STREAMS = Path(__file__).parents[1] / "streams"
T0 = 1_795_423_000.0


def recordings() -> list[str]:
    """Every recorded stream of Asterisk, by its path below tests/streams."""
    found = [*STREAMS.glob("asterisk-*/*.jsonl"), *STREAMS.glob("given/asterisk-*/*.jsonl")]
    return sorted(str(path.relative_to(STREAMS)) for path in found)


def of_freeswitch() -> list[str]:
    """Every recorded stream of FreeSWITCH, the same way."""
    found = STREAMS.glob("given/freeswitch*/*.jsonl.gz")
    return sorted(str(path.relative_to(STREAMS)) for path in found)


@cache
def recorded(name: str) -> tuple[Chunk, ...]:
    """A stream's chunks and marks, times counted from T0 where its events bear none."""
    stream = Stream(STREAMS / name)
    if stream.header.stream != "ami":
        return tuple(stream)
    return tuple(
        msgspec.structs.replace(chunk, at=T0 + chunk.at - stream.header.t0) for chunk in stream
    )


def numbered(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The chunks with the numbers that a journal would give them."""
    return [msgspec.structs.replace(chunk, seq=n) for n, chunk in enumerate(chunks, 1)]


def recut(chunks: Sequence[Chunk], sizes: Sequence[int]) -> list[Chunk]:
    """The bytes of each chunk in pieces of these sizes, over and over; times stay."""
    pieces, turn = [], 0
    for chunk in chunks:
        rest = chunk.data
        while len(rest) > sizes[turn % len(sizes)]:
            size, turn = sizes[turn % len(sizes)], turn + 1
            pieces.append(msgspec.structs.replace(chunk, data=rest[:size]))
            rest = rest[size:]
        pieces.append(msgspec.structs.replace(chunk, data=rest))
    return numbered(pieces)


def mixed(names: Sequence[str], apart_s: float) -> list[Chunk]:
    """Several recordings on one link, each `apart_s` after the one before, marks left out."""
    parts = [
        msgspec.structs.replace(chunk, at=chunk.at + number * apart_s)
        for number, name in enumerate(names)
        for chunk in recorded(name)
        if chunk.mark is None and not chunk.data.startswith(b"Asterisk Call Manager")
    ]
    return numbered(sorted(parts, key=lambda chunk: chunk.at))


def a_street(settings: Settings | None = None, pbx: str = "hq", stream: Kind = "ami") -> Street:
    """A street of the default settings, or of these."""
    settings = settings or Settings()
    return street_of(settings, attachment(settings, Header(stream=stream, pbx=pbx, t0=0.0)))


def shown(change: Change) -> dict[str, Any]:
    """All of a change that anybody can see."""
    return {
        "step": change.step,
        "at": change.at,
        "record": public(change.record),
        "tags": msgspec.to_builtins(change.tags),
        "untags": msgspec.to_builtins(change.untags),
    }


def changes_of(street: Street, chunks: Iterable[Chunk]) -> list[tuple[int, dict[str, Any]]]:
    """Every change with the number of its chunk."""
    return [(chunk.seq, shown(change)) for chunk in chunks for change in street.feed(chunk).changes]
