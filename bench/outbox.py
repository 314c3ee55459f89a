"""Delivery: latency from offer to the wire, with and without a dead target; CPU a post.

Run: python bench/outbox.py. The receiver is a process of its own, so the CPU counted is ours.
Latency: 100 offers/s of single rows; from `offer` to the request's first byte at the receiver (one
machine, CLOCK_MONOTONIC). The two runs take turns in one process and are compared as a ratio.
"""

import asyncio
import json
import multiprocessing
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import ClassVar

from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.ledger import StoreLedger
from calltrackd.crm.rows import row_id
from calltrackd.crm.target import HookTarget, Target
from calltrackd.crm.webhook.sender import WebhookSender
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import outbox
from calltrackd.store.engine import Store

KEY = bytes(32)
BODY = json.dumps({"type": "call.ended", "data": {"padding": "x" * 1500}})
WAITING, SENT, RATE = 10_000, 400, 100.0
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Quick(asyncio.Protocol):
    """The least receiver: notes when a request began, by id, and answers 204."""

    seen: ClassVar[dict[str, float]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # what create_server gives
        self.transport, self.data, self.began = transport, b"", 0.0

    def data_received(self, data: bytes) -> None:
        self.began = self.began or time.monotonic()
        self.data += data
        head, gap, body = self.data.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if gap)
        if gap and len(body) >= int(fields[b"content-length"]):
            Quick.seen[fields[b"webhook-id"].decode()] = self.began
            self.data, self.began = b"", 0.0
            self.transport.write(ANSWER)


def receive(pipe: Connection) -> None:
    """The receiver's process: port out, then for each `None` in the times seen so far out."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Quick, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        while await loop.run_in_executor(None, pipe.recv) is None:
            pipe.send(dict(Quick.seen))

    asyncio.run(serve())


def row(target: str, name: str) -> OutboxRow:
    now = time.time()
    return OutboxRow(
        id=row_id(target, name, 1), target=target, call_id=name, version=1, step="ended", body=BODY,
        created_at=now, next_at=now,
    )  # fmt: skip


def sender(target: Target) -> WebhookSender:
    assert isinstance(target, HookTarget)
    return WebhookSender(target)


async def paced(store: Store, dispatcher: Dispatcher, label: str) -> dict[str, float]:
    """Commit and offer SENT rows at RATE; returns when each was offered."""
    offered, begin = {}, time.monotonic()
    for n in range(SENT):
        await asyncio.sleep(max(0.0, begin + n / RATE - time.monotonic()))
        one = row("live", f"{label}{n}")
        await store.writer.submit(partial(outbox.add, rows=[one]))
        offered[one.id] = time.monotonic()
        dispatcher.offer([one])
    await asyncio.sleep(0.2)
    return offered


async def latency(
    folder: Path, pipe: Connection, port: int, label: str, waiting: int
) -> list[float]:
    """Seconds from offer to the wire, for each row."""
    store = await Store.open(f"sqlite:///{folder / label}.db")
    rows = [row("dead", f"{label}d{n}") for n in range(waiting)]
    await store.writer.submit(lambda conn: outbox.add(conn, rows))
    live = HookTarget(name="live", url=f"http://127.0.0.1:{port}/", keys=(KEY,), allow_private=True)
    dead = HookTarget(name="dead", url="http://127.0.0.1:1/", keys=(KEY,), allow_private=True)
    dispatcher = Dispatcher(StoreLedger(store), [live, dead], make_sender=sender)
    task = asyncio.create_task(dispatcher.run())
    await paced(store, dispatcher, f"{label}-warm")
    offered = await paced(store, dispatcher, label)
    await dispatcher.stop(2.0)
    await task
    await store.close()
    pipe.send(None)
    seen: dict[str, float] = pipe.recv()
    return [seen[one] - at for one, at in offered.items()]


async def throughput(folder: Path, port: int, count: int = 5_000) -> tuple[float, float]:
    """(posts a second, CPU seconds a post) of a backlog, settling in the store included."""
    store = await Store.open(f"sqlite:///{folder / 'flood'}.db")
    live = HookTarget(name="live", url=f"http://127.0.0.1:{port}/", keys=(KEY,), allow_private=True)
    done = asyncio.Event()
    left = [count]

    def meter(_target: str, _word: str) -> None:
        left[0] -= 1
        if not left[0]:
            done.set()

    await store.writer.submit(
        lambda conn: outbox.add(conn, [row("live", f"flood{n}") for n in range(count)])
    )
    dispatcher = Dispatcher(StoreLedger(store), [live], make_sender=sender, meter=meter)
    began, cpu = time.perf_counter(), time.process_time()
    task = asyncio.create_task(dispatcher.run())
    await asyncio.wait_for(done.wait(), 120)
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    await dispatcher.stop(2.0)
    await task
    await store.close()
    return count / spent, cpu / count


def shown(name: str, times: list[float]) -> tuple[float, float]:
    p50, p99 = median(times) * 1000, quantiles(times, n=100)[98] * 1000
    print(f"{name:<46} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    return p50, p99


async def main(folder: Path, pipe: Connection) -> None:
    port = pipe.recv()
    alone, beside = [], []
    for turn in range(2):
        alone += await latency(folder, pipe, port, f"alone{turn}", 0)
        beside += await latency(folder, pipe, port, f"beside{turn}", WAITING)
    one = shown("offer to wire, alone", alone)
    two = shown(f"offer to wire, {WAITING} rows of a dead target", beside)
    print(f"ratio: p50 {two[0] / one[0]:.2f}, p99 {two[1] / one[1]:.2f} (aim: no more than 1.5)")
    rate, cpu = await throughput(folder, port)
    print(
        f"backlog: {rate:.0f} posts/s, {cpu * 1e6:.0f} µs CPU a post = {1 / cpu:.0f} posts/s a core"
    )
    pipe.send("end")


if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    other.start()
    with TemporaryDirectory() as temporary:
        asyncio.run(main(Path(temporary), ours))
    other.join(5)
