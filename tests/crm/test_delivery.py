"""The whole way on a real store: commit, dispatcher, webhook, receiver, and crashes between."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from calltrackd.crm.dispatcher import Dispatcher
from calltrackd.crm.ledger import StoreLedger
from calltrackd.crm.target import Shape, Target
from calltrackd.crm.templates import TemplateFault
from calltrackd.crm.webhook.sender import WebhookSender
from calltrackd.model.call import Change
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls, outbox
from calltrackd.store.engine import Store
from tests.crm.conftest import until
from tests.crm.manual import KEY, START, ManualClock, a_row, a_start, a_target
from tests.crm.test_rows import a_record
from tests.fakes.receiver import Fault, Receiver


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store on SQLite."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """One that knows KEY."""
    async with Receiver((KEY,)) as running:
        yield running


async def commit(store: Store, *rows: OutboxRow) -> tuple[OutboxRow, ...]:
    """As the pipeline does, less the call."""
    await store.writer.submit(lambda conn: outbox.add(conn, rows))
    return rows


async def states(store: Store) -> Counter[str]:
    """How many rows are in each state."""
    async with store.read() as conn:
        return Counter(row.state for row in await outbox.list_rows(conn, limit=100_000))


@asynccontextmanager
async def delivering(store: Store, *targets: Target, **fields) -> AsyncIterator[Dispatcher]:
    """A dispatcher on the store, stopped in order at the end."""
    fields.setdefault("make_sender", WebhookSender)
    dispatcher = Dispatcher(StoreLedger(store), targets, **fields)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        await dispatcher.stop(deadline_s=2.0)
        await asyncio.wait_for(task, 5)


async def settled(store: Store, **expected: int) -> None:
    """Wait until the store says so."""
    async with asyncio.timeout(20):
        while await states(store) != Counter(expected):  # noqa: ASYNC110 - the store tells no one
            await asyncio.sleep(0.01)


async def test_committed_rows_arrive_in_order_and_are_settled(store, receiver):
    """Three steps of fifty calls: each once, in the order of versions, all marked as sent."""
    async with delivering(store, a_target(url=receiver.url)) as dispatcher:
        for version in (1, 2, 3):
            rows = [a_row(f"c{n}", version) for n in range(50)]
            dispatcher.offer(await commit(store, *rows))
        await settled(store, sent=150)
    seen = [(hit.event["data"]["id"], hit.event["data"]["version"]) for hit in receiver.hits]
    assert len(seen) == len(set(seen)) == 150
    for n in range(50):
        assert [version for call, version in seen if call == f"c{n}"] == [1, 2, 3]


async def test_crash_between_delivery_and_settling_sends_the_same_id_again(store, receiver):
    """The receiver took it, we died before we knew: it is sent again and known by its id."""
    rows = await commit(store, a_row("c1"), a_row("c1", 2))
    dispatcher = Dispatcher(
        StoreLedger(store), [a_target(url=receiver.url)], make_sender=WebhookSender
    )
    receiver.fail(Fault(hang=True, accept=True))
    task = asyncio.create_task(dispatcher.run())
    await receiver.until(lambda one: len(one.accepted) == 1)
    task.cancel()
    await asyncio.wait([task])
    for lane in dispatcher._lanes.values():
        for request in lane._tasks:
            request.cancel()
        await lane.sender.close()
    assert await states(store) == {"waiting": 2}

    async with delivering(store, a_target(url=receiver.url)):
        await settled(store, sent=2)
    assert list(receiver.accepted) == [row.id for row in rows]
    assert receiver.repeats == {rows[0].id: 1}


async def test_dead_target_delays_no_other(store, receiver):
    """With ten thousand rows waiting for a dead target, another's row goes out at once."""
    dead = [a_row(f"d{n}", target="dead") for n in range(10_000)]
    await commit(store, *dead)
    targets = a_target(url=receiver.url), a_target("dead", "http://127.0.0.1:1/")
    async with delivering(store, *targets) as dispatcher:
        await until(lambda: dispatcher.status()[1].state == "open")
        await until(lambda: dispatcher.status()[0].state == "direct")
        for n in range(30):
            dispatcher.offer(await commit(store, a_row(f"c{n}")))
        await receiver.until(lambda one: len(one.accepted) == 30, timeout_s=5)
        assert dispatcher.status()[1].in_memory <= 1
    assert (await states(store))["waiting"] == 10_000


async def test_target_down_for_days_gets_everything(store):
    """Rows of two days without a receiver arrive when it is back, also over a restart."""
    clock = ManualClock()
    down = a_target(url="http://127.0.0.1:1/")
    async with delivering(store, down, clock=clock) as dispatcher:
        for day in range(2):
            rows = [a_row(f"day{day}-{n}", v) for n in range(20) for v in (1, 2)]
            dispatcher.offer(await commit(store, *rows))
            for _ in range(24):
                clock.advance(3600)
                await asyncio.sleep(0.01)
    async with Receiver((KEY,), clock=clock.now) as receiver:
        clock.advance(3600)
        back = a_target(url=receiver.url)
        sender_clock = {"make_sender": lambda target: _sender(target, clock)}
        async with delivering(store, back, clock=clock, **sender_clock):
            await settled(store, sent=80)
        order = [hit.event["data"]["version"] for hit in receiver.hits if "day1-7" in str(hit.body)]
    assert order == [1, 2]
    assert not receiver.repeats


def _sender(target: Target, clock: ManualClock):
    return WebhookSender(target, clock.now)


async def test_late_start_is_dropped_by_the_state_of_its_call(store, receiver):
    """The store knows that the call was answered: its start is dropped, the answer is sent."""
    record = a_record(id="c1", version=0, answered_at=START + 3)
    change = Change(record=record, step="answered", at=START + 3)
    await store.writer.submit(lambda conn: calls.save(conn, [change], {}))
    await commit(store, a_start("c1"), a_row("c1", 2, step="answered"), a_start("c2"))
    async with delivering(store, a_target(url=receiver.url)):
        await settled(store, dropped=1, sent=2)
    assert sorted(hit.event["data"]["version"] for hit in receiver.hits) == [1, 2]


async def test_stop_waits_for_requests_on_the_wire_and_no_longer(store, receiver):
    """Within the deadline an answer counts; after it the row stays owed."""
    receiver.fail(Fault(hang=True, accept=True))
    await commit(store, a_row())
    async with delivering(store, a_target(url=receiver.url)):
        await receiver.until(lambda one: len(one.hits) == 1)
        asyncio.get_running_loop().call_later(0.05, receiver.release)
    assert await states(store) == {"sent": 1}

    await commit(store, a_row("c2"))
    dispatcher = Dispatcher(
        StoreLedger(store), [a_target(url=receiver.url)], make_sender=WebhookSender
    )
    receiver._release.clear()
    receiver.fail(Fault(hang=True))
    task = asyncio.create_task(dispatcher.run())
    await receiver.until(lambda one: len(one.hits) == 2)
    await dispatcher.stop(deadline_s=0.05)
    await asyncio.wait_for(task, 5)
    assert await states(store) == {"sent": 1, "waiting": 1}


async def test_retargeting_moves_rows_to_the_new_address_once(store, receiver):
    """After a reload the same target elsewhere gets what was owed; wrong settings do nothing."""
    await commit(store, a_row("c1"))
    nowhere = a_target(url="http://127.0.0.1:1/")
    async with delivering(store, nowhere) as dispatcher:
        await until(lambda: dispatcher.status()[0].state == "open")
        wrong = a_target(shape=Shape(fields={"x": "{{ oops }}"}))
        with pytest.raises(TemplateFault):
            await dispatcher.retarget([a_target(url=receiver.url), wrong])
        assert dispatcher.status()[0].state == "open"
        await dispatcher.retarget([a_target(url=receiver.url)])
        await settled(store, sent=1)
        dispatcher.offer(await commit(store, a_row("c1", 2)))
        await settled(store, sent=2)
    assert [hit.event["data"]["version"] for hit in receiver.hits] == [1, 2]


async def test_unchanged_target_is_not_disturbed_by_a_reload(store, receiver):
    """A reload keeps the running lane, and what it is sending, of a target that is the same."""
    receiver.fail(Fault(hang=True, accept=True))
    target = a_target(url=receiver.url)
    async with delivering(store, target) as dispatcher:
        dispatcher.offer(await commit(store, a_row()))
        await receiver.until(lambda one: len(one.hits) == 1)
        await dispatcher.retarget([a_target(url=receiver.url), a_target("other")])
        assert [one.in_flight for one in dispatcher.status()] == [1, 0]
        receiver.release()
        await settled(store, sent=1)
    assert len(receiver.hits) == 1
