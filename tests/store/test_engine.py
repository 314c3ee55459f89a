import threading

import pytest

from calltrackd.store import calls
from calltrackd.store.calls import CallFilter
from calltrackd.store.engine import Store, driver_url
from calltrackd.store.errors import StoreDown, StoreError

from .build import on_postgresql, read, record, save


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////var/lib/calltrackd/calls.db", "sqlite+aiosqlite"),
        ("postgresql://calltrackd@db/calls", "postgresql+asyncpg"),
    ],
)
def test_url_gets_its_driver(url, driver):
    """The settings name the database, not the Python driver."""
    assert driver_url(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("calls.db", "not a database URL"),
        ("mysql://db/calls", "sqlite or postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_url_of_no_use_is_told(url, told):
    """What is wrong and what can be used instead."""
    with pytest.raises(StoreError, match=told):
        driver_url(url)


def test_password_is_not_shown():
    """A URL that gets into a log keeps its password to itself."""
    assert "secret" not in str(driver_url("postgresql://me:secret@db/calls"))


async def test_what_was_saved_is_there_after_closing(url):
    """A closed and opened store has all its calls."""
    store = await Store.open(url)
    (saved,) = await save(store, record())
    await store.close()
    again = await Store.open(url)
    assert await read(again, calls.list_calls, CallFilter()) == [saved]
    await again.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)],
)
async def test_sqlite_is_set_up_to_survive(migrated_sqlite, pragma, value):
    """Power cuts, orphans and forgotten people: each connection has the settings."""
    store = await Store.open(f"sqlite:///{migrated_sqlite}")
    async with store.read() as conn:
        assert (await conn.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value
    await store.close()


async def test_sqlite_in_a_missing_folder_is_down(tmp_path):
    """The error names the matter, makes no folders in odd places and leaves no thread behind."""
    threads = set(threading.enumerate())
    with pytest.raises(StoreDown, match="unable to open"):
        await Store.open(f"sqlite:///{tmp_path}/no/such/calls.db")
    left = set(threading.enumerate()) - threads
    assert [thread.name for thread in left if "connection" in thread.name] == []


async def test_file_that_is_no_database_is_down(tmp_path):
    """A text file in the place of the database is left alone."""
    path = tmp_path / "calls.db"
    path.write_text("not a database, but long enough to be read as one. " * 20)
    with pytest.raises(StoreDown, match="not a database"):
        await Store.open(f"sqlite:///{path}")


@pytest.mark.postgresql
async def test_postgresql_without_server_is_down(tmp_path):
    """Nobody listens there."""
    with pytest.raises(StoreDown):
        await Store.open(f"postgresql://me@/calls?host={tmp_path}")


@pytest.mark.postgresql
async def test_postgresql_without_database_is_down(postgresql):
    """The server has no such database: the admin may be about to make it."""
    with pytest.raises(StoreDown, match="nowhere"):
        await Store.open(postgresql.url("nowhere"))


@on_postgresql
async def test_reading_without_server_is_down(store):
    """A question during an outage gets the store's own error."""

    async def cut_off(conn):
        await conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreDown):
        await read(store, cut_off)
