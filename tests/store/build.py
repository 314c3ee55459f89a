"""Records and rows as short as a test's point."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.model.call import CallRecord, Change, Tag
from calltrackd.model.ids import call_id
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls
from calltrackd.store.engine import Store

T = TypeVar("T")
START = 1_795_423_338.0
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize(
    "database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
"""For what only one of the two databases can show."""

CLIENT = "+79161234567"


def record(n: int = 1, **fields: Any) -> CallRecord:
    """The n-th call: it starts n minutes after START."""
    at = START + 60 * n
    given = {"pbx": "hq", "direction": "inbound", "caller": CLIENT, "started_at": at, **fields}
    return CallRecord(id=call_id(at, "hq", f"{n}"), **given)


def change(one: CallRecord, at: float = START) -> Change:
    """A change as the tracker hands it on."""
    return Change(record=one, step="updated", at=at)


def tag(name: str = "sale", at: float = START, **fields: Any) -> Tag:
    """A keypad tag unless said otherwise."""
    return Tag(**{"name": name, "source": "keypad", "at": at, **fields})


def row(n: int = 1, version: int = 1, target: str = "crm", **fields: Any) -> OutboxRow:
    """A delivery of the n-th call, created in the order of versions."""
    given = {
        "id": f"msg_{target}_{n}_{version}",
        "call_id": f"call{n}",
        "step": "updated",
        "body": "{}",
        "created_at": START + version,
        "next_at": START + version,
        **fields,
    }
    return OutboxRow(target=target, version=version, **given)


async def save(store: Store, *records: CallRecord, seqs: dict[str, int] | None = None):
    """Commit records, one change each."""
    changes = [change(one) for one in records]
    return await store.writer.submit(lambda conn: calls.save(conn, changes, seqs or {}))


async def write(store: Store, function: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:
    """Commit one call of a store function."""

    async def work(conn: AsyncConnection) -> T:
        return await function(conn, *args, **named)

    return await store.writer.submit(work)


async def read(store: Store, function: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:
    """Ask one store function on a reading connection."""
    async with store.read() as conn:
        return await function(conn, *args, **named)
