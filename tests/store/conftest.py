"""A store for each test, once on SQLite and once on PostgreSQL, copied from a migrated one."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from calltrackd.store.engine import Store
from tests.postgresql import Server


async def _open_and_close(url: str) -> None:
    await (await Store.open(url)).close()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at the head revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "calls.db"
    asyncio.run(_open_and_close(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: Server) -> str:
    """The name of a database at the head revision, to be copied."""
    name = postgresql.create()
    asyncio.run(_open_and_close(postgresql.url(name)))
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> str:
    """Which of the two a test runs on."""
    return request.param


@pytest.fixture
def empty_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without any call."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "calls.db")
        yield f"sqlite:///{tmp_path / 'calls.db'}"
        return
    template = request.getfixturevalue("migrated_postgresql")
    server = request.getfixturevalue("postgresql")
    name = server.create(template)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An open store without any call."""
    opened = await Store.open(url, migrate=False)
    yield opened
    await opened.close()
