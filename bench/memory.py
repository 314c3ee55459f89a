"""10,000 calls in progress: memory above idle, in the whole pipeline with its store and the
records that a watcher is shown, and after.

The stream is that of bench/pipeline.py cut in two: first every call up to its talk, then every end.
Memory is the process's resident set, read after a collection; the stream is made call by call, so
that it is not part of it.

Aim: under 100 MB above idle.
"""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline import recorded, stream

from calltrackd.daemon.sight import OpenCalls
from calltrackd.pbx.stream import Chunk, Header
from calltrackd.pipeline.build import enricher_of, street_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.pipeline.replay import attachment
from calltrackd.settings import Settings
from calltrackd.store.engine import Store
from calltrackd.web.live import LiveBus

CALLS = 10_000
MIB = 1 << 20
WARM = 200
"""Calls that come and go before idle is measured: statements are compiled, caches are there."""


def resident() -> float:
    """MiB of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / MIB


def halves(messages: list[str]) -> tuple[list[str], list[str]]:
    """Up to the talk, and the rest: from the first sign of the hang-up on."""
    ends = next(n for n, text in enumerate(messages) if text.startswith("Event: HangupRequest"))
    return messages[:ends], messages[ends:]


class Bench:
    """The pipeline of one attachment, fed in time order."""

    def __init__(self, store: Store) -> None:
        settings = Settings()
        self.street = street_of(settings, attachment(settings, Header(pbx="bench", t0=0.0)))
        self.ended = 0
        self._open = OpenCalls(self.street.live, LiveBus())
        self._committer = Committer(
            store, enricher_of(settings), [], told=self._told, unusable=print
        )
        self._seq = 0

    def _told(self, done: Committed) -> None:
        self.ended += sum(change.step == "ended" for change in done.changes)
        for record in done.records:
            self._open.committed(record)

    async def feed(self, chunks: Iterator[bytes]) -> None:
        for data in chunks:
            self._seq += 1
            effects = self.street.feed(Chunk(self._seq, 1.79e9 + self._seq * 0.01, data))
            await self._committer.put("bench", self._seq, effects.changes, effects.first_seqs)
            if self._seq % 20 == 0:
                await self._committer.flush()
        await self._committer.flush()


async def main() -> int:
    first, rest = halves(recorded(filtered=True))
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/bench.db")
        bench = Bench(store)
        await bench.feed(stream(first, WARM, "warm"))
        await bench.feed(stream(rest, WARM, "warm"))
        idle = resident()
        await bench.feed(stream(first, CALLS))
        living, busy = bench.street.in_progress, resident()
        await bench.feed(stream(rest, CALLS))
        after = resident()
        await store.close()
    assert (living, bench.ended) == (CALLS, CALLS + WARM), (living, bench.ended)
    print(
        f"idle {idle:.0f} MiB; {living} calls in progress: {busy - idle:+.0f} MiB"
        f" ({(busy - idle) * 1024 / living:.1f} KiB a call; aim under 100 MB);"
        f" after their end {after - idle:+.0f} MiB"
    )
    return 0 if busy - idle < 100 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
