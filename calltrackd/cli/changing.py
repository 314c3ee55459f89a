"""Changes of many rows of the store, for commands that name some, or mean all of a kind."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from calltrackd.cli.common import settings_of, with_store

if TYPE_CHECKING:  # SQLAlchemy costs 0.3 s
    from sqlalchemy.ext.asyncio import AsyncConnection

    from calltrackd.store.engine import Store

Key = TypeVar("Key")
PAGE = 500
"""Rows that one transaction changes, so that the daemon gets its turn in between."""


def changed(
    config: Path,
    keys: Callable[["Store"], Awaitable[Sequence[Key]]],
    change: Callable[["AsyncConnection", Sequence[Key]], Awaitable[int]],
) -> int:
    """Change the rows of these keys; how many it touched."""

    async def job(store: "Store") -> int:
        named = await keys(store)
        return await store.writer.submit(lambda conn: change(conn, named))

    return with_store(settings_of(config), job)


def all_changed(
    config: Path,
    page: Callable[["AsyncConnection", int], Awaitable[Sequence[Key]]],
    change: Callable[["AsyncConnection", Sequence[Key]], Awaitable[int]],
) -> int:
    """Change page after page (`page` gives keys, so many at the most) until none is left."""

    async def turn(conn: "AsyncConnection") -> int:
        keys = await page(conn, PAGE)
        return await change(conn, keys) if keys else 0

    async def job(store: "Store") -> int:
        count = 0
        while touched := await store.writer.submit(turn):
            count += touched
        return count

    return with_store(settings_of(config), job)
