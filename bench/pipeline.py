"""Bytes of real calls to committed rows: calls a second, and how much of it is not the database.

The stream is a recorded call (queue, recorded) of Asterisk 22 or FreeSWITCH 1.11, repeated with
other ids and numbers, 64 at a time interleaved. Both runs take the same bytes: once through the
whole pipeline into SQLite (synchronous=FULL), once through codec, translator and tracker alone.

Aim: five times what the PBX itself reaches on 2 cores: 900 calls/s committed of Asterisk's (180),
250 of FreeSWITCH's (50).
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from esl import NAMES, messages

from calltrackd.pbx.stream import Chunk, Header, Kind
from calltrackd.pipeline.build import enricher_of, street_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.pipeline.replay import attachment
from calltrackd.settings import Settings
from calltrackd.store.engine import Store

STREAM = Path(__file__).parent.parent / "tests/streams/asterisk-22/queue_answered.jsonl"
CALLS = 4_000
TOGETHER = 64
UNWANTED = ("VarSet", "Newexten", "CEL", "TestEvent", "DeviceStateChange", "RTCP", "Cdr")


GIVEN = Path(__file__).parent.parent / "tests/streams/given/freeswitch/queue_answered.jsonl.gz"
AIMS: dict[Kind, int] = {"ami": 900, "esl-plain": 250}


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


def freeswitch(*, wanted: bool) -> list[bytes]:
    """The events of the call; `wanted`: as our subscription leaves them."""
    events = messages([GIVEN])
    return [raw for name, raw in events if not wanted or name in NAMES]


def _later(found: re.Match[bytes], by: int) -> bytes:
    return b"%d" % (int(found[0]) + by * 1_000_000)


def freeswitch_stream(events: list[bytes], calls: int) -> Iterator[bytes]:
    """`calls` copies, `TOGETHER` of them interleaved event by event, a second a batch.

    Every id, number and moment is replaced by one of the same length: Content-Length stays right.
    """
    joined = b"\0".join(events)
    ids = sorted(set(re.findall(rb"^Unique-ID: (\S+)", joined, re.MULTILINE)))
    for first in range(0, calls, TOGETHER):
        later = re.sub(rb"\b179\d{13}\b", partial(_later, by=first // TOGETHER), joined)
        copies = []
        for n in range(first, min(first + TOGETHER, calls)):
            text = later
            for number, old in enumerate(ids):
                text = text.replace(old, b"%08d-%04d%s" % (n, number, old[13:]))
            copies.append(text.replace(b"79161234567", b"7916%07d" % n).split(b"\0"))
        for together in zip(*copies, strict=True):
            yield b"".join(together)


async def through(kind: Kind, chunks: list[bytes], *, store: Store | None) -> float:
    """CPU seconds of this process, its database thread included."""
    settings = Settings()
    header = Header(pbx="bench", t0=0.0, stream=kind)
    street = street_of(settings, attachment(settings, header))
    committed = 0

    def told(done: Committed) -> None:
        nonlocal committed
        committed += sum(change.step == "ended" for change in done.changes)

    began = time.process_time()
    committer = None
    if store is not None:
        committer = Committer(store, enricher_of(settings), [], told=told, unusable=print)
    for seq, data in enumerate(chunks, 1):
        effects = street.feed(Chunk(seq, 1.79e9 + seq * 0.01, data))
        if committer is not None:
            await committer.put("bench", seq, effects.changes, effects.first_seqs)
            if seq % 20 == 0:
                await committer.flush()
    if committer is not None:
        await committer.flush()
        assert committed == CALLS, committed
    return time.process_time() - began


async def measured(kind: Kind, what: str, events: int, chunks: list[bytes]) -> None:
    """Both runs over one stream, printed."""
    size = sum(map(len, chunks))
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/bench.db")
        whole = await through(kind, chunks, store=store)
        await store.close()
    alone = await through(kind, chunks, store=None)
    print(
        f"{what:24}{events} events, {size // CALLS} bytes a call: "
        f"{CALLS / whole:6.0f} calls/s committed (aim {AIMS[kind]}), "
        f"{CALLS / alone:6.0f} without the store, ratio {alone / whole:.2f}"
    )


async def main() -> None:
    for filtered in (True, False):
        texts = recorded(filtered=filtered)
        what = "Asterisk, filtered" if filtered else "Asterisk, all events"
        await measured("ami", what, len(texts), list(stream(texts, CALLS)))
    for wanted in (True, False):
        events = freeswitch(wanted=wanted)
        what = "FreeSWITCH, wanted" if wanted else "FreeSWITCH, all events"
        await measured("esl-plain", what, len(events), list(freeswitch_stream(events, CALLS)))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
