"""Chaos: thousands of calls go by while a CRM fails in every way and the daemon is killed by -9.

The parent runs the fake; a child has the calls and delivers their steps, and is killed again and
again. The next one goes on where the store says that the calls were, until all are over and nothing
is owed any more. Children are forked from a process that has all modules: their lives are short,
and Python's start would take as long.
"""

import asyncio
import logging
import multiprocessing
import os
import pickle
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from sqlalchemy import func, select

from calltrackd.crm import backoff
from calltrackd.crm.connector import Connector
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord, Step
from calltrackd.settings import CrmTarget as CrmSettings
from calltrackd.store.engine import Store
from calltrackd.store.tables import calls as table
from calltrackd.store.tables import outbox as rows
from tests.crm.house import House, QuickClock, a_call, a_house, answered, ended, ringing, target_for
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
LINES = 8
"""Calls at a time."""
STEP_S = 3.0
"""From step to step of a call, on average."""
OWED_MOST = 60
"""Nobody calls while more is owed: so that cards are shown in time as well as too late."""
WATCH_S = 0.1
"""Of the wall's, between looks at what is owed: a look costs as much as a delivery."""
TIMEOUT_S = 0.15
"""Of the wall's, for an answer: one of twenty never comes, and probes wait one after the other."""
WHOLE_S = 12 * 3600.0

Move = tuple[Step, Callable[[CallRecord], CallRecord]]
SCRIPT: tuple[Move, ...] = (
    ("started", lambda call: call),
    ("ringing", lambda call: ringing(call, "101")),
    ("ringing", lambda call: ringing(call, "102")),
    ("answered", lambda call: answered(call, "102")),
    ("ended", ended),
)


@dataclass
class Figures:
    """How a run went."""

    calls: int
    clients: int
    kills: int = 0
    requests: int = 0
    seconds: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    """Step and what became of it -> how many."""


@dataclass(frozen=True)
class Plan:
    """What a child needs to know. `calls`: (call, caller)."""

    settings: CrmSettings
    build: Callable[[CrmTarget, Tools], Connector]
    clock: QuickClock
    calls: list[tuple[str, str]]


def script_of(target: CrmTarget) -> list[Move]:
    """The steps of a call that this target wants to hear."""
    return [move for move in SCRIPT if move[0] in target.wants.events]


def the_calls(count: int) -> list[tuple[str, str]]:
    """(call, caller) of so many calls, three of a client, in mixed order."""
    clients = -(-count // CALLS_A_CLIENT)
    made = [(f"call-{n:06}", f"+7916{n % clients:07}") for n in range(count)]
    random.Random(1).shuffle(made)
    return made


async def became(folder: Path) -> dict[str, int]:
    """Step and state -> rows."""
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}", migrate=False)
    try:
        async with store.read() as conn:
            query = select(rows.c.step, rows.c.state, func.count()).group_by(
                rows.c.step, rows.c.state
            )
            return {f"{step} {state}": n for step, state, n in await conn.execute(query)}
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
    seed: int,
) -> Figures:
    """Have `steps` delivered through chaos, say how it went. `clock`: the fake's as well."""
    settings = settings.model_copy(update={"timeout_s": TIMEOUT_S})
    made = the_calls(steps // len(script_of(target_for(settings))))
    (folder / PLAN).write_bytes(pickle.dumps(Plan(settings, build, clock, made)))
    fake.always = faulty(SHARE, seed, *FAULTS)
    figures, chance = Figures(len(made), len({caller for _, caller in made})), random.Random(seed)
    began = time.monotonic()
    async with asyncio.timeout(WHOLE_S):
        while not await _delivered(folder, chance.uniform(0.2, 1.8) * kill_every_s):
            figures.kills += 1
    figures.seconds = round(time.monotonic() - began)
    figures.requests, figures.steps = len(fake.hits), await became(folder)
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
    """The child: deliver what is owed, then end; at once when whoever forked us is gone."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    backoff.PAUSE_CAP_S = PAUSE_CAP_S
    asyncio.run(deliver(folder, says))


async def deliver(folder: Path, says: Connection) -> None:
    """Say that we are ready, go on with the calls, deliver until nothing is owed."""
    plan: Plan = pickle.loads((folder / PLAN).read_bytes())

    def hasty() -> float:
        """Waits far below their ceilings: with so many faults rows would sleep for hours."""
        return random.random() * 0.01

    target = target_for(plan.settings)
    async with a_house(folder, target, plan.build, clock=plan.clock, chance=hasty) as house:
        if (parent := multiprocessing.parent_process()) is not None:
            asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
        says.send(READY)
        coming = iter(await begun(house.store, plan.calls))
        room, script = asyncio.Event(), script_of(target)
        watcher = asyncio.create_task(watch(house, room))
        await asyncio.gather(*(busy_line(house, script, coming, room) for _ in range(LINES)))
        watcher.cancel()
        await house.settled(WHOLE_S)


@dataclass(frozen=True)
class Begun:
    """A call as the store has it. `told`: steps; `at`: of its start, None before."""

    name: str
    caller: str
    told: int = 0
    at: float | None = None


async def begun(store: Store, calls: list[tuple[str, str]]) -> list[Begun]:
    """The calls, those that go on first."""
    async with store.read() as conn:
        query = select(table.c.id, table.c.version, table.c.started_at)
        known = {row.id: row for row in await conn.execute(query)}
    old = [(known[name], caller) for name, caller in calls if name in known]
    new = [Begun(name, caller) for name, caller in calls if name not in known]
    return [Begun(row.id, caller, row.version, row.started_at) for row, caller in old] + new


async def busy_line(
    house: House, script: list[Move], coming: Iterator[Begun], room: asyncio.Event
) -> None:
    """One call after another; a call that went on before a death goes on from there."""
    for one in coming:
        at = one.at or house.clock.now()
        call = a_call(one.name, one.caller, started_at=at)
        for n, (step, move) in enumerate(script):
            call = move(call)
            if n >= one.told:
                await house.tell(call, step)
                await house.clock.sleep(random.uniform(0.0, 2 * STEP_S))
        await room.wait()


async def watch(house: House, room: asyncio.Event) -> None:
    """Let lines call while there is room."""
    while True:
        room.set() if await house.owed() <= OWED_MOST else room.clear()
        await asyncio.sleep(WATCH_S)
