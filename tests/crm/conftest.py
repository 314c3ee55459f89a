"""A dispatcher that runs for the time of a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.target import Target
from tests.crm.manual import ManualClock, MemoryLedger, ScriptedSender, a_target


async def settle_down(turns: int = 40) -> None:
    """Let everything that can run now, run: the loop is given turns, no time passes."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(fits: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Give the loop turns until `fits()`; TimeoutError when it never does."""
    async with asyncio.timeout(timeout_s):
        while not fits():  # noqa: ASYNC110 - any part may make it true, there is no one event
            await asyncio.sleep(0)


class Stage:
    """A dispatcher over hand-driven parts. `counted`: outcomes by target and word."""

    def __init__(self, targets: Iterable[Target], ledger: MemoryLedger, sender) -> None:
        self.clock = ManualClock()
        self.ledger = ledger
        self.sender = sender
        self.counted: dict[tuple[str, str], int] = {}
        self.dispatcher = Dispatcher(
            ledger,
            targets,
            meter=self._count,
            clock=self.clock,
            make_sender=sender,
            chance=lambda: 0.999,
            linger_s=0.02,
        )

    def _count(self, target: str, word: str) -> None:
        self.counted[target, word] = self.counted.get((target, word), 0) + 1

    def commit(self, *rows) -> None:
        """Rows are committed and offered, as the pipeline does."""
        self.dispatcher.offer(self.ledger.commit(*rows))

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Time passes in steps, and everything due in between happens."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            await settle_down()


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[Stage]:
    """Runs it; looks once into the store, so that it is direct; stops it at the end."""
    task = asyncio.create_task(stage.dispatcher.run())
    try:
        await settle_down()
        yield stage
    finally:
        await stage.dispatcher.stop(deadline_s=0.0)
        await asyncio.wait_for(task, 5)


Start = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """A function that gives a running stage for targets, stored rows and a script."""
    async with AsyncExitStack() as stack:

        async def begin(*targets: Target, rows=(), script=None) -> Stage:
            stage = Stage(targets or (a_target(),), MemoryLedger(*rows), ScriptedSender(script))
            return await stack.enter_async_context(running(stage))

        yield begin
