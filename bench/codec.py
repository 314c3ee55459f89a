"""Codec with filter against panoramisk's synchronous callback, on the same bytes in one run.

    python bench/codec.py [STREAM...]

The bytes are recordings of real Asterisk 22 as one connection of a user that may read everything,
cut as a socket gives them. CPU time, medians of 5 alternating rounds (of the ratio too: neighbours
on a shared machine disturb a round, seldom one of its halves). `used` is what the daemon runs with
(the translator's names and lines), `ten` the ten names of the basic calls.
"""

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from calltrackd.pbx.asterisk import HOLDING, WANTED
from calltrackd.pbx.stream import read
from calltrackd.pbx.wire import AmiCodec

ROUNDS = 5
READ = 1 << 16
LEAST = 8 << 20
TEN = frozenset(
    {
        "Newchannel", "Newstate", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hangup",
        "HangupRequest", "DTMFEnd", "QueueCallerJoin",
    }
)  # fmt: skip
RECORDINGS = sorted(
    (Path(__file__).parents[1] / "tests" / "streams" / "asterisk-22").glob("*.jsonl*")
)


def connection(paths: list[Path]) -> list[bytes]:
    """Events of all recordings in a row, as reads of one connection."""
    blocks = [
        block
        for path in paths
        for block in b"".join(chunk.data for chunk in read(path)).split(b"\r\n\r\n")
        if block.lstrip().startswith(b"Event: ")
        and b"\r\nActionID: " not in block
        and b"Event: Shutdown" not in block  # panoramisk would close here
    ]
    data = b"".join(block + b"\r\n\r\n" for block in blocks)
    data *= -(-LEAST // len(data))
    return [data[start : start + READ] for start in range(0, len(data), READ)]


def codec(chunks: list[bytes], wanted: frozenset[str], holding: tuple[str, ...] = ()) -> None:
    """Our way from bytes to frames."""
    ours = AmiCodec(wanted, holding=holding)
    for chunk in chunks:
        ours.feed(chunk)


def panoramisk(chunks: list[bytes], manager: Manager) -> None:
    """Panoramisk's way from bytes to a callback."""
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = manager
    for chunk in chunks:
        protocol.data_received(chunk)


def seconds(work: Callable[[], None]) -> float:
    """CPU seconds of one round."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


async def main() -> None:
    """Measure and print."""
    logging.disable()
    chunks = connection([Path(path) for path in sys.argv[1:]] or RECORDINGS)
    events = sum(chunk.count(b"\r\n\r\n") for chunk in chunks)
    manager = Manager(loop=asyncio.get_running_loop())
    manager.register_event("*", lambda _manager, _event: None)
    ways: dict[str, Callable[[], None]] = {
        "panoramisk": lambda: panoramisk(chunks, manager),
        "used": lambda: codec(chunks, WANTED, HOLDING),
        "ten": lambda: codec(chunks, TEN),
    }
    rounds = [{name: seconds(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    for name in ways:
        took = statistics.median(turn[name] for turn in rounds)
        ratio = statistics.median(turn["panoramisk"] / turn[name] for turn in rounds)
        print(f"{name:12}{events / took:12,.0f} events/s{ratio:8.1f} x panoramisk")


if __name__ == "__main__":
    asyncio.run(main())
