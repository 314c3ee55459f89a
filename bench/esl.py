"""Event socket against a bare asyncio reader, on the same bytes in one run, wanted events only.

    python bench/esl.py [STREAM...]

The bytes are recordings of a real FreeSWITCH 1.11, cut as a socket gives them: `all` with every
event (`event plain ALL`), `wanted` with those alone that calltrackd subscribes to. The bare reader
is the least that a Python program does (StreamReader, readuntil and readexactly, lines cut, values
that hold a % decoded). Ours is all that the daemon does with a byte before it is translated: the
connection, which looks for replies, and the codec of the street. CPU time, medians of 5 alternating
rounds.

Aim: within 1.5 times the bare reader.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote

from calltrackd.pbx.esl import EslCodec
from calltrackd.pbx.esl_connection import EslConnection
from calltrackd.pbx.esl_framer import EslFramer
from calltrackd.pbx.freeswitch import HEADERS, WANTED
from calltrackd.pbx.stream import read

ROUNDS = 5
READ = 1 << 16
LEAST = 40 << 20
AIM = 1.5
RECORDINGS = sorted(
    (Path(__file__).parents[1] / "tests" / "streams" / "given" / "freeswitch").glob("*.jsonl*")
)
NAMES = {name.partition(" ")[0] for name in WANTED}


def named(body: bytes) -> str:
    """The name of an event; it stands first but in custom ones."""
    at = body.find(b"Event-Name: ") + 12
    return body[at : body.find(b"\n", at)].decode()


def messages(paths: list[Path]) -> list[tuple[str, bytes]]:
    """(event's name, its bytes) of all events of the recordings, in their order."""
    found = []
    for path in paths:
        framer = EslFramer()
        for head, body in framer.cut(b"".join(chunk.data for chunk in read(path))):
            if b"event-plain" in head:
                found.append((named(body), head + b"\n\n" + body))
    return found


def reads(events: list[bytes]) -> list[bytes]:
    """The events as reads of one connection, repeated until there are enough."""
    data = b"".join(events)
    data *= -(-LEAST // len(data))
    return [data[start : start + READ] for start in range(0, len(data), READ)]


async def bare(chunks: list[bytes]) -> int:
    """A reader by the book; how many wanted events it found."""
    reader = asyncio.StreamReader(limit=1 << 24)
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    found = 0
    while not reader.at_eof():
        try:
            head = await reader.readuntil(b"\n\n")
        except asyncio.IncompleteReadError:
            break
        fields = dict(line.split(": ", 1) for line in head.decode().strip().split("\n"))
        body = await reader.readexactly(int(fields["Content-Length"]))
        if named(body) in NAMES:
            event = {}
            for line in body.decode("latin-1").split("\n"):
                key, _, value = line.partition(": ")
                event[key] = unquote(value) if "%" in value else value
            found += 1
    return found


async def ours(chunks: list[bytes]) -> int:
    """What the daemon does; how many wanted events it found."""
    codec, found = EslCodec(WANTED, HEADERS), 0

    def street(data: bytes) -> None:
        nonlocal found
        found += len(codec.feed(data))

    connection = EslConnection(street)
    for chunk in chunks:
        connection.data_received(chunk)
    return found


async def seconds(work: Callable[[list[bytes]], Awaitable[int]], chunks: list[bytes]) -> float:
    """CPU seconds of one round."""
    began = time.process_time()
    assert await work(chunks)
    return time.process_time() - began


async def main() -> int:
    """Measure and print; 1 when the aim is missed."""
    recorded = messages([Path(path) for path in sys.argv[1:]] or RECORDINGS)
    missed = False
    for kind, events in (
        ("all", [raw for _, raw in recorded]),
        ("wanted", [raw for name, raw in recorded if name in NAMES]),
    ):
        chunks = reads(events)
        count = sum(map(len, chunks)) * len(events) // sum(map(len, events))
        rounds = [(await seconds(bare, chunks), await seconds(ours, chunks)) for _ in range(ROUNDS)]
        ratio = statistics.median(mine / its for its, mine in rounds)
        its, mine = (statistics.median(turn) for turn in zip(*rounds, strict=True))
        print(
            f"{kind:8}{len(events)} events of {sum(map(len, events)) // len(events)} bytes:"
            f"{count / its:9,.0f} events/s bare,{count / mine:9,.0f} ours,"
            f" {ratio:.2f} x its CPU (aim {AIM})"
        )
        missed |= ratio > AIM
    return int(missed)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
