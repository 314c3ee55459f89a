import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from calltrackd.store import attachments, calls, sqlite, tags
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown, StoreFull

from .build import START, change, on_postgresql, read, record, save, tag, write


def position(pbx, seq=1):
    """A unit of work that is seen from outside by its position."""
    return lambda conn: attachments.set_applied(conn, pbx, seq, START)


async def applied(store, *names):
    """The positions of attachments, 0 for one without."""
    return [await read(store, attachments.applied, name) for name in names]


async def held(store):
    """A unit amid its transaction, having changed something; it ends when `go` gets an item."""
    loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), []

    async def work(conn):
        await attachments.set_applied(conn, "held", 1, START)
        loop.call_soon_threadsafe(begun.set)
        while not go:
            await conn.execute(text("SELECT 1"))

    unit = asyncio.create_task(store.writer.submit(work))
    await begun.wait()
    return unit, go


async def test_result_comes_after_the_commit(store):
    """Who has the result can read the change on another connection."""

    async def work(conn):
        await attachments.set_applied(conn, "hq", 7, START)
        return "done"

    assert await store.writer.submit(work) == "done"
    assert await applied(store, "hq") == [7]


async def test_units_that_wait_together_share_a_transaction(store):
    """Fifty units submitted at one moment are committed at once."""
    await asyncio.gather(*(store.writer.submit(position(f"p{n}")) for n in range(50)))
    assert (store.writer.counters.units, store.writer.counters.transactions) == (50, 1)


async def test_units_run_in_the_order_of_submission(store):
    """The last position submitted is the one that stays."""
    await asyncio.gather(*(store.writer.submit(position("hq", n)) for n in range(1, 30)))
    assert await applied(store, "hq") == [29]


async def test_only_the_poison_unit_gets_its_error(store):
    """One unit raises: the others of its transaction are committed all the same."""

    async def poison(conn):
        await attachments.set_applied(conn, "poison", 1, START)
        raise ValueError("bad record")

    first, bad, last = await asyncio.gather(
        *(store.writer.submit(work) for work in (position("first"), poison, position("last"))),
        return_exceptions=True,
    )
    assert (first, repr(bad), last) == (None, "ValueError('bad record')", None)
    assert await applied(store, "first", "poison", "last") == [1, 0, 1]
    assert store.writer.counters.poison == 1


async def test_unit_that_fails_at_the_commit_is_found(store):
    """A deferred constraint fails only at the commit; still only its unit is refused."""
    orphan = [("no such call", tag())]
    good, bad = await asyncio.gather(
        store.writer.submit(position("hq")),
        store.writer.submit(lambda conn: tags.add(conn, orphan)),
        return_exceptions=True,
    )
    assert good is None
    assert isinstance(bad, IntegrityError)
    assert await applied(store, "hq") == [1]


async def test_cancelled_unit_that_did_not_begin_is_left_out(store):
    """Who gave up waiting does not get the change made behind its back."""
    first, go = await held(store)
    second = asyncio.create_task(store.writer.submit(position("hq")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    go.append(True)
    await first
    assert await applied(store, "hq") == [0]


async def test_unit_that_waits_for_more_than_statements_is_refused(tmp_path):
    """On SQLite there is no event loop where a unit runs; the error says so, and others go on."""
    store = await Store.open(f"sqlite:///{tmp_path}/calls.db")
    refused = store.writer.submit(lambda _conn: asyncio.sleep(0))
    done = store.writer.submit(position("hq"))
    error, _ = await asyncio.gather(refused, done, return_exceptions=True)
    assert "no statement" in str(error)
    assert await applied(store, "hq") == [1]
    await store.close()


async def test_stop_amid_a_transaction_leaves_it_whole(tmp_path):
    """A writer that is cancelled lets the statements under way end before the file is closed."""
    store = await Store.open(f"sqlite:///{tmp_path}/calls.db")
    unit, go = await held(store)
    store.writer._task.cancel()
    await asyncio.sleep(0)
    assert not store.writer._task.done()
    go.append(True)
    with pytest.raises(StoreDown):
        await unit
    await store._engine.dispose()


async def test_close_commits_what_waits_and_takes_no_more(url):
    """An orderly stop loses nothing; later work is refused."""
    store = await Store.open(url)
    waiting = asyncio.create_task(store.writer.submit(position("hq")))
    await asyncio.sleep(0)
    await store.close()
    await waiting
    with pytest.raises(StoreDown):
        await store.writer.submit(position("late"))
    again = await Store.open(url)
    assert await applied(again, "hq", "late") == [1, 0]
    await again.close()


async def test_two_processes_never_give_the_same_version(url):
    """Daemon and command change one call at once: every change gets a version of its own."""
    stores = [await Store.open(url) for _ in range(2)]
    await save(stores[0], record())
    saved = await asyncio.gather(
        *(write(store, calls.save, [change(record())]) for _ in range(20) for store in stores)
    )
    assert sorted(one.version for (one,) in saved) == list(range(2, 42))
    for store in stores:
        await store.close()


async def test_reader_is_not_disturbed_by_a_writer(store):
    """While a transaction is under way, a reader sees the state before it, at once."""
    unit, go = await held(store)
    assert await applied(store, "held") == [0]
    go.append(True)
    await unit
    assert await applied(store, "held") == [1]


@pytest.fixture
async def impatient(migrated_sqlite, tmp_path, monkeypatch):
    """A SQLite store that gives up a locked file at once, and its path."""
    monkeypatch.setattr(sqlite, "BUSY_S", 0.0)
    path = tmp_path / "calls.db"
    path.write_bytes(await asyncio.to_thread(migrated_sqlite.read_bytes))
    opened = await Store.open(f"sqlite:///{path}")
    yield opened, path
    await opened.close()


async def test_locked_database_is_down_and_the_work_can_be_repeated(impatient):
    """Another process holds the file: all waiting units are told so, none was acknowledged."""
    store, path = impatient
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = await asyncio.gather(
            *(store.writer.submit(position(name)) for name in "ab"), return_exceptions=True
        )
        other.execute("ROLLBACK")
    assert [type(error) for error in refused] == [StoreDown, StoreDown]
    assert store.writer.counters.down == 2
    await store.writer.submit(position("a"))
    assert await applied(store, "a", "b") == [1, 0]


async def test_full_disk_is_told_as_such_and_goes_on_when_there_is_room(impatient):
    """No room: StoreFull and nothing changed; after room was made the same work succeeds."""
    store, _ = impatient
    many = [change(record(n)) for n in range(2000)]

    async def limit(conn, pages):
        await conn.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await write(store, limit, 50)
    with pytest.raises(StoreFull):
        await write(store, calls.save, many)
    assert await read(store, calls.list_calls, calls.CallFilter()) == []
    await write(store, limit, 1_000_000)
    assert len(await write(store, calls.save, many)) == 2000


async def ended_by_the_server(conn):
    """The connection breaks under a statement."""
    await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def found_closed(conn):
    """The connection is found broken by the next statement."""
    driver = (await conn.get_raw_connection()).driver_connection
    driver.terminate()
    await conn.execute(text("SELECT 1"))


@on_postgresql
@pytest.mark.parametrize("cut_off", [ended_by_the_server, found_closed])
async def test_lost_connection_is_down_and_the_next_unit_gets_a_new_one(store, cut_off):
    """A connection that ends in the middle of the work: StoreDown, then life goes on."""
    with pytest.raises(StoreDown):
        await store.writer.submit(cut_off)
    await store.writer.submit(position("hq"))
    assert await applied(store, "hq") == [1]


@on_postgresql
@pytest.mark.parametrize("bad", [position("nul\0"), position("hq", "no number")])
async def test_value_that_the_server_refuses_is_poison(store, bad):
    """A value that can never be stored must not look like a database that is away."""
    with pytest.raises(DBAPIError):
        await store.writer.submit(bad)
    assert (store.writer.counters.poison, store.writer.counters.down) == (1, 0)
