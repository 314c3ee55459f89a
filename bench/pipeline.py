"""Bytes of real calls to committed rows: calls a second, and how much of it is not the database.

The stream is a recorded call of Asterisk 22 (queue, recorded), repeated with other ids and numbers,
64 at a time interleaved. Both runs take the same bytes: once through the whole pipeline into SQLite
(synchronous=FULL), once through codec, translator and tracker alone.

Aim: 900 calls/s committed, five times what Asterisk itself reaches on 2 cores (180 calls/s).
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from calltrackd.pbx.stream import Chunk, Header
from calltrackd.pipeline.build import enricher_of, street_of
from calltrackd.pipeline.commit import Committer
from calltrackd.pipeline.replay import attachment
from calltrackd.settings import Settings
from calltrackd.store.engine import Store

STREAM = Path(__file__).parent.parent / "tests/streams/asterisk-22/queue_answered.jsonl"
CALLS = 4_000
TOGETHER = 64
UNWANTED = ("VarSet", "Newexten", "CEL", "TestEvent", "DeviceStateChange", "RTCP", "Cdr")


def recorded(*, filtered: bool) -> list[str]:
    """The messages of the call; `filtered`: as the advised eventfilter leaves them."""
    lines = [json.loads(line) for line in STREAM.read_text().splitlines()[1:]]
    text = "".join(line["raw"] for line in lines if "--EOF--" not in line["raw"])
    messages = [m for m in text.split("\r\n\r\n") if "Uniqueid" in m]
    if not filtered:
        return messages
    return [m for m in messages if not m.startswith(tuple(f"Event: {n}" for n in UNWANTED))]


def channels(messages: list[str]) -> list[str]:
    """The ids of the recorded call's channels."""
    names = ("Uniqueid: ", "DestUniqueid: ")
    lines = (line for text in messages for line in text.split("\r\n"))
    return sorted({line.split(": ")[1] for line in lines if line.startswith(names)})


def stream(messages: list[str], calls: int, prefix: str = "bench") -> Iterator[bytes]:
    """`calls` copies, `TOGETHER` of them interleaved message by message."""
    joined = "\r\n\r\n".join(messages) + "\r\n\r\n"
    ids = channels(messages)
    for first in range(0, calls, TOGETHER):
        copies = []
        for n in range(first, min(first + TOGETHER, calls)):
            text = joined
            for number, old in enumerate(ids):
                text = text.replace(old, f"{prefix}-{n}.{number}")
            text = text.replace("BridgeUniqueid: ", f"BridgeUniqueid: {prefix}-{n}-")
            copies.append(text.replace("79161234567", f"7916{n:07d}").split("\r\n\r\n"))
        for together in zip(*copies, strict=True):
            yield ("\r\n\r\n".join(together) + "\r\n\r\n").encode()


async def through(chunks: list[bytes], *, store: Store | None) -> float:
    """CPU seconds of this process, its database thread included."""
    settings = Settings()
    street = street_of(settings, attachment(settings, Header(pbx="bench", t0=0.0)))
    committed = 0

    def told(done: object) -> None:
        nonlocal committed
        committed += sum(change.step == "ended" for change in done.changes)

    began = time.process_time()
    committer = None
    if store is not None:
        committer = Committer(store, enricher_of(settings), [], told=told, unusable=print)
    for seq, data in enumerate(chunks, 1):
        effects = street.feed(Chunk(seq, 1.79e9 + seq * 0.01, data))
        if committer is not None:
            await committer.put("bench", seq, effects.changes, street.first_seqs)
            if seq % 20 == 0:
                await committer.flush()
    if committer is not None:
        await committer.flush()
        assert committed == CALLS, committed
    return time.process_time() - began


async def main() -> None:
    for filtered in (True, False):
        messages = recorded(filtered=filtered)
        chunks = list(stream(messages, CALLS))
        size = sum(map(len, chunks))
        with tempfile.TemporaryDirectory() as folder:
            store = await Store.open(f"sqlite:///{folder}/bench.db")
            whole = await through(chunks, store=store)
            await store.close()
        alone = await through(chunks, store=None)
        kind = "filtered" if filtered else "all events"
        print(
            f"{kind:10}  {len(messages)} events, {size // CALLS} bytes a call: "
            f"{CALLS / whole:6.0f} calls/s committed (aim 900), "
            f"{CALLS / alone:6.0f} without the store, ratio {alone / whole:.2f}"
        )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
