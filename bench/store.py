"""Calls committed one by one against gathered by 100, on SQLite with synchronous=FULL.

    python bench/store.py [folder on the disk to measure]

A call is four changes (started, answered, updated, ended), each with one outbox row, as the
pipeline writes them. Prints calls a second, their ratio, and the processor time a call costs.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import CallRecord, Change, KeyPress, Leg, Recording, Step, Tag, Talk
from calltrackd.model.ids import call_id
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import attachments, calls, history, outbox, tags
from calltrackd.store.engine import Store

START = 1_795_423_338.0
STEPS: tuple[Step, ...] = ("started", "answered", "updated", "ended")
ALONE, GATHERED, TOGETHER = 150, 4000, 100


def record(n: int, step: Step) -> CallRecord:
    at = START + n
    started = CallRecord(
        id=call_id(at, "hq", str(n)), pbx="hq", direction="inbound", tracked=True,
        did="+74951234567", caller=f"+7916{n % 3000:07d}", started_at=at,
        legs=[Leg("101", at + 1), Leg("102", at + 1)],
    )  # fmt: skip
    if step == "started":
        return started
    answered = msgspec.structs.replace(
        started, outcome="answered", answered_at=at + 5, operators=["101"],
        talks=[Talk("101", at + 5)], digits=[KeyPress("operator", "101", "5", at + 9)],
        recordings=[Recording(f"/var/spool/asterisk/monitor/{n}.wav", "both", at + 5)],
    )  # fmt: skip
    if step != "ended":
        return answered
    return msgspec.structs.replace(answered, ended_at=at + 60, talk_s=55.0, duration_s=60.0)


def rows(saved: list[CallRecord], steps: list[Step]) -> list[OutboxRow]:
    return [
        OutboxRow(
            id=f"msg_{one.id}{one.version}", target="crm", call_id=one.id, version=one.version,
            step=step, body=msgspec.json.encode(one).decode(), created_at=one.started_at,
            next_at=one.started_at,
        )
        for one, step in zip(saved, steps, strict=True)
    ]  # fmt: skip


async def commit(store: Store, numbers: range, step: Step) -> None:
    """One unit of work: the changes of some calls with history, tag, outbox and position."""
    records = [record(n, step) for n in numbers]
    changes = [Change(record=one, step=step, at=START) for one in records]

    async def work(conn: AsyncConnection) -> None:
        if step == "started":
            await history.before(conn, records)
        if step == "updated":
            mark = Tag(name="sale", source="keypad", at=START)
            await tags.add(conn, [(one.id, mark) for one in records])
        saved = await calls.save(conn, changes, {one.id: numbers[0] for one in records})
        await outbox.add(conn, rows(saved, [step] * len(saved)))
        await attachments.set_applied(conn, "hq", numbers[-1], START)

    await store.writer.submit(work)


async def one_by_one(store: Store) -> None:
    for n in range(ALONE):
        for step in STEPS:
            await commit(store, range(n, n + 1), step)


async def gathered(store: Store) -> None:
    for first in range(10_000, 10_000 + GATHERED, TOGETHER):
        for step in STEPS:
            await commit(store, range(first, first + TOGETHER), step)


async def many_units(store: Store) -> None:
    """The same, submitted as units of one change each: what the writer gathers by itself."""
    for first in range(100_000, 100_000 + GATHERED // 4, TOGETHER):
        for step in STEPS:
            units = (commit(store, range(n, n + 1), step) for n in range(first, first + TOGETHER))
            await asyncio.gather(*units)


async def measured(
    name: str, work: Callable[[Store], Awaitable[None]], store: Store, count: int
) -> float:
    begun, cpu = time.perf_counter(), time.process_time()
    await work(store)
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    print(
        f"{name:34} {count / wall:7.0f} calls/s  {used / count * 1e3:6.3f} ms of processor a call"
    )
    return count / wall


async def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        store = await Store.open(f"sqlite:///{Path(folder) / 'calls.db'}")
        alone = await measured("each change its own transaction", one_by_one, store, ALONE)
        units = await measured(f"{TOGETHER} units a transaction", many_units, store, GATHERED // 4)
        together = await measured(f"{TOGETHER} calls a unit", gathered, store, GATHERED)
        print(f"gathered units / one by one: {units / alone:.1f}")
        print(f"gathered calls / one by one: {together / alone:.1f}")
        await store.close()


asyncio.run(main())
