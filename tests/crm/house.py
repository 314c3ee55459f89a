"""A connector in its house: store, dispatcher, clock, and calls that go by."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from calltrackd.crm import connections
from calltrackd.crm.books import Books
from calltrackd.crm.clock import Timer
from calltrackd.crm.connector import Connector
from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.ledger import StoreLedger
from calltrackd.crm.rows import rows_for
from calltrackd.crm.senders import Senders
from calltrackd.crm.target import CrmTarget, Target, targets_of
from calltrackd.crm.tools import Tools
from calltrackd.model.call import CallRecord, Change, Leg, Step, Talk
from calltrackd.model.outbox import OutboxRow
from calltrackd.settings import CrmTarget as CrmSettings
from calltrackd.settings import Settings
from calltrackd.store import calls, memos, outbox
from calltrackd.store.engine import Store
from tests.fakes.crm_base import SENT

CLIENT = "+79161234567"
DID = "+74951234567"


class QuickClock:
    """Time that runs `speed` times as fast as the wall's, from now on.

    A copy in another process goes on with it: a daemon that is started again finds no younger past.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._began, self._speed = time.time(), speed

    def now(self) -> float:
        return self._began + (time.time() - self._began) * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        delay = max(0.0, when - self.now()) / self._speed
        return asyncio.get_running_loop().call_later(delay, callback)


def a_call(name: str = "c1", caller: str | None = CLIENT, **fields: Any) -> CallRecord:
    """A call that rings."""
    given: dict[str, Any] = {
        "pbx": "hq",
        "direction": "inbound",
        "did": DID,
        "caller_raw": caller,
        "started_at": time.time(),
        "tracked": True,
        **fields,
    }
    return CallRecord(id=name, caller=caller, **given)


def answered(call: CallRecord, by: str = "101") -> CallRecord:
    """The same call while somebody talks."""
    call.answered_at, call.outcome, call.operators = call.started_at + 5, "answered", [by]
    return call


def ended(call: CallRecord) -> CallRecord:
    """The same call when it is over."""
    call.ended_at = call.started_at + 65
    call.duration_s = 65.0
    if call.answered_at is None:
        call.outcome, call.lost = "no_answer", call.direction == "inbound"
    else:
        call.talk_s = call.clean_talk_s = 60.0
    return call


def ringing(call: CallRecord, *phones: str) -> CallRecord:
    """The same call while it rings at these phones; those that rang before gave up."""
    for leg in call.legs:
        leg.disposition, leg.ended_at = leg.disposition or "no_answer", call.started_at + 4
    call.legs += [Leg(phone, rang_at=call.started_at + 4) for phone in phones]
    return call


def sent_on(call: CallRecord, *phones: str, by: str = "101") -> CallRecord:
    """The same call after a talk with `by`, who sent the client on to these phones."""
    call = answered(ringing(call), by)
    call.talks = [Talk(by, start=call.started_at + 5, to=call.started_at + 20)]
    return ringing(call, *phones)


def target_for(settings: CrmSettings) -> CrmTarget:
    """The target of one CRM's settings."""
    whole = Settings.model_validate({}).model_copy(update={"target": [settings]})
    (target,) = targets_of(whole)
    assert isinstance(target, CrmTarget)
    return target


class House:
    """Calls go in by `tell`, the CRM is told by the dispatcher."""

    def __init__(
        self,
        store: Store,
        target: Target,
        make: Callable[[CrmTarget, Tools], Connector],
        clock: QuickClock,
        chance: Callable[[], float],
    ) -> None:
        self.store, self.target, self.clock = store, target, clock
        self.met: list[tuple[str, str, Any]] = []
        self.words: list[str] = []
        senders = Senders(store, clock=clock, make=make, met=lambda *told: self.met.append(told))
        self.dispatcher = Dispatcher(
            StoreLedger(store),
            [target],
            make_sender=senders,
            clock=clock,
            chance=chance,
            linger_s=0.01,
            meter=lambda _target, word: self.words.append(word),
        )
        self.books = Books(store, target.name, clock.now)

    async def tell(self, record: CallRecord, step: Step) -> OutboxRow:
        """Commit one step of a call as the pipeline does, and offer its row."""

        async def work(conn: Any) -> list[OutboxRow]:
            (saved,) = await calls.save(conn, [Change(record, step, self.clock.now())])
            rows = rows_for(saved, step, [self.target], self.clock.now())
            await outbox.add(conn, rows)
            return rows

        (row,) = await self.store.writer.submit(work)
        self.dispatcher.offer([row])
        return row

    async def steps(
        self, name: str = "c1", caller: str | None = CLIENT, *, tell: bool = True
    ) -> AsyncIterator[CallRecord]:
        """A call from ringing to the end; each step is told before it is given."""
        call = a_call(name, caller, started_at=self.clock.now())
        steps: list[tuple[Step, Callable[[CallRecord], CallRecord]]] = [
            ("started", lambda one: one),
            ("answered", answered),
            ("ended", ended),
        ]
        for step, change in steps:
            call = change(call)
            if tell:
                await self.tell(call, step)
            yield call

    async def whole_call(self, name: str = "c1", caller: str | None = CLIENT) -> None:
        """From ringing to the end, as fast as it can be written."""
        async for _ in self.steps(name, caller):
            pass

    async def states(self) -> dict[str, str]:
        """Step of each row -> its state, by call and version."""
        async with self.store.read() as conn:
            rows = await outbox.list_rows(conn, limit=100_000)
        return {f"{row.call_id} {row.step}": row.state for row in reversed(rows)}

    async def owed(self) -> int:
        """Rows that the target is to get yet."""
        async with self.store.read() as conn:
            loads = await outbox.backlog(conn)
        return sum(load.waiting for load in loads.values())

    async def settled(self, timeout_s: float = 20.0) -> dict[str, str]:
        """Wait until nothing is owed; the states."""
        async with asyncio.timeout(timeout_s):
            while await self.owed():  # noqa: ASYNC110 - the truth is the store
                await asyncio.sleep(0.02)
            return await self.states()

    async def memo(self, about: memos.About, key: str) -> str | None:
        """A memo as the store has it."""
        async with self.store.read() as conn:
            return await memos.get(conn, self.target.name, about, key)


@asynccontextmanager
async def a_house(
    folder: Path,
    target: Target,
    make: Callable[[CrmTarget, Tools], Connector],
    *,
    speed: float = 1.0,
    clock: QuickClock | None = None,
    chance: Callable[[], float] = lambda: 0.0,
) -> AsyncIterator[House]:
    """A running house over the database in `folder`; enter it again and it remembers.

    `clock`: one that runs already, instead of one that begins now at `speed`.
    """
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    store = await Store.open(f"sqlite:///{folder / 'calls.db'}")
    house = House(store, target, make, clock or QuickClock(speed), chance)
    with stamped(house.clock):
        task = asyncio.create_task(house.dispatcher.run())
        try:
            yield house
        finally:
            await house.dispatcher.stop(0.0)
            await task
            await store.close()


@contextmanager
def stamped(clock: QuickClock) -> Iterator[None]:
    """Requests say by this clock when they went out, see `crm_base.SENT`."""

    async def stamp(_session: object, _context: object, about: Any) -> None:
        about.headers[SENT] = repr(clock.now())

    def opened(**given: Any) -> aiohttp.ClientSession:
        session = plain(**given)
        session.trace_configs.append(trace)
        return session

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(stamp)
    trace.freeze()
    plain, connections.opened = connections.opened, opened
    try:
        yield
    finally:
        connections.opened = plain
