"""Chaos: thousands of call steps through a fake that fails in every way, the daemon killed by -9.

The parent owes the steps in a database and runs the fake; a child delivers, and is killed again
and again, until nothing is owed any more. Children are forked from a process that has all modules:
their lives are short, and Python's start would take as long.
"""

import asyncio
import logging
import multiprocessing
import pickle
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from calltrackd.crm import backoff
from calltrackd.crm.connector import Connector
from calltrackd.crm.rows import rows_for
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord, Change
from calltrackd.settings import CrmTarget as CrmSettings
from calltrackd.store import calls, outbox
from calltrackd.store.engine import Store
from tests.crm.house import QuickClock, a_call, a_house, answered, ended, target_for
from tests.fakes.crm_base import CrmFake, Fault, faulty

HTML = {"Content-Type": "text/html"}
FAULTS = (
    Fault(accept=True, hang=True),
    Fault(accept=True, reset=True),
    Fault(accept=True, status=502, body="{}"),
    Fault(accept=True, status=200, body="<html>Back soon", headers=HTML),
    Fault(reset=True),
    Fault(status=500, body="{}"),
    Fault(status=503, body="{}"),
    Fault(status=429, body="{}", headers={"Retry-After": "2"}),
)
SHARE = 0.05
"""Of each fault, of all requests."""
PLAN = "plan.pickle"
READY = "delivering"
"""Said by the child once it works; its life is counted from then on."""
PAUSE_CAP_S = 4.0
"""Between probes: two of five requests fail here for ever, so there is no recovery to wait for."""
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "sqlalchemy.dialects.sqlite.aiosqlite", "tests.crm.chaos"])
CALLS_A_CLIENT = 3
WHOLE_S = 12 * 3600.0


@dataclass
class Figures:
    """How a run went."""

    steps: int = 0
    kills: int = 0
    requests: int = 0
    seconds: int = 0
    states: dict[str, int] = field(default_factory=dict)


def the_calls(steps: int) -> list[tuple[str, str]]:
    """(call, caller) of so many steps, three a call, three calls a client, in mixed order."""
    count = steps // 3
    made = [(f"call-{n:06}", f"+7916{n % -(-count // CALLS_A_CLIENT):07}") for n in range(count)]
    random.Random(1).shuffle(made)
    return made


async def owe(folder: Path, settings: CrmSettings, steps: int) -> None:
    """Write the calls with all their steps, as if the CRM had been away all day."""
    target = target_for(settings)
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")

    async def work(conn: Any, part: list[tuple[str, str]]) -> None:
        changes = [change for call, caller in part for change in _changes(a_call(call, caller))]
        records = await calls.save(conn, changes)
        for record, change in zip(records, changes, strict=True):
            await outbox.add(conn, rows_for(record, change.step, [target], change.at))

    made = the_calls(steps)
    for begin in range(0, len(made), 200):
        part = made[begin : begin + 200]
        await store.writer.submit(lambda conn, part=part: work(conn, part))
    await store.close()


def _changes(call: CallRecord) -> list[Change]:
    """The three steps, each with the record as it was then."""
    from copy import deepcopy

    rings, talks = deepcopy(call), answered(deepcopy(call))
    over = ended(deepcopy(talks))
    at = call.started_at
    return [Change(rings, "started", at), Change(talks, "answered", at), Change(over, "ended", at)]


async def left(folder: Path) -> dict[str, int]:
    """State -> rows."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}", migrate=False)
    try:
        async with store.read() as conn:
            from sqlalchemy import func, select

            from calltrackd.store.tables import outbox as table

            query = select(table.c.state, func.count()).group_by(table.c.state)
            return {row[0]: row[1] for row in await conn.execute(query)}
    finally:
        await store.close()


async def run(
    folder: Path,
    fake: CrmFake,
    settings: CrmSettings,
    build: Callable[[CrmTarget, Tools], Connector],
    *,
    steps: int,
    clock: QuickClock,
    kill_every_s: float,
    seed: int = 1,
) -> Figures:
    """Owe `steps`, deliver them through chaos, say how it went. `clock`: the fake's as well."""
    await owe(folder, settings, steps)
    (folder / PLAN).write_bytes(pickle.dumps((settings, build, clock)))
    fake.always = faulty(SHARE, seed, *FAULTS)
    figures, chance = Figures(steps=steps // 3 * 3), random.Random(seed)
    began = time.monotonic()
    async with asyncio.timeout(WHOLE_S):
        while not await _delivered(folder, chance.uniform(0.2, 1.8) * kill_every_s):
            figures.kills += 1
    figures.seconds = round(time.monotonic() - began)
    figures.requests, figures.states = len(fake.hits), await left(folder)
    return figures


async def _delivered(folder: Path, life_s: float) -> bool:
    """One life of the daemon; False when it had to be killed."""
    ready, says = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=live, args=(folder, says))
    await asyncio.to_thread(child.start)
    says.close()
    try:
        assert await asyncio.to_thread(ready.recv) == READY
        await asyncio.to_thread(child.join, life_s)
    finally:
        ready.close()
        child.kill()
        child.join()
    assert child.exitcode in {0, -signal.SIGKILL}
    return child.exitcode == 0


def live(folder: Path, says: Connection) -> None:
    """The child: deliver what is owed, then end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    backoff.PAUSE_CAP_S = PAUSE_CAP_S
    asyncio.run(deliver(folder, says))


async def deliver(folder: Path, says: Connection) -> None:
    """Say that we are ready, deliver until nothing is owed."""
    settings, build, clock = pickle.loads((folder / PLAN).read_bytes())

    def hasty() -> float:
        """Waits far below their ceilings: with so many faults rows would sleep for hours."""
        return random.random() * 0.01

    async with a_house(folder, target_for(settings), build, clock=clock, chance=hasty) as house:
        says.send(READY)
        await house.settled(WHOLE_S)
