"""A committer on a store, with what it told and what may go wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.target import HookTarget
from calltrackd.model.call import CallRecord, Change, Step, Tag, public
from calltrackd.pipeline.build import enricher_of
from calltrackd.pipeline.commit import Committed, Committer
from calltrackd.settings import Number, Settings
from calltrackd.store import attachments, calls, outbox
from calltrackd.store.calls import CallFilter
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown
from tests.store.build import record

TARGETS = [HookTarget(name="crm", url="https://crm.example/hook")]
SETTINGS = Settings(
    number=[
        Number(did="+74950000001", source="google"),
        Number(did="+74950000002", source="billboard"),
    ]
)
Trouble = Literal["down", "lost answer"]


class Desk:
    """A committer whose `run` the test calls by `flush`."""

    def __init__(self, store: Store, settings: Settings = SETTINGS) -> None:
        self.store = store
        self.told: list[Committed] = []
        self.unusable: list[str] = []
        self.committer = Committer(
            store,
            enricher_of(settings),
            TARGETS,
            told=self.told.append,
            unusable=self.unusable.append,
        )
        self.troubles: list[Trouble] = []
        """What meets the next submissions, one each."""
        self._submit = store.writer.submit
        store.writer.submit = self._troubled  # type: ignore[method-assign]

    async def _troubled(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble == "down":
            raise StoreDown("no route to the database")
        done = await self._submit(work)
        if trouble == "lost answer":
            raise StoreDown("connection lost in the middle of a commit")
        return done

    async def put(self, seq: int, *changes: Change, pbx: str = "hq") -> None:
        """What a chunk gave."""
        await self.committer.put(pbx, seq, changes, {c.record.id: seq for c in changes})

    async def flush(self) -> None:
        """Commit, whatever is in the way."""
        await asyncio.wait_for(self.committer.flush(), 20)

    async def commit(self, seq: int, *changes: Change) -> list[dict[str, Any]]:
        """Put and commit; the records as saved."""
        await self.put(seq, *changes)
        await self.flush()
        return [public(one) for one in self.told[-1].records]

    async def stored(self) -> list[CallRecord]:
        """All calls, oldest first."""
        async with self.store.read() as conn:
            return list(reversed(await calls.list_calls(conn, CallFilter())))

    async def owed(self) -> list[tuple[str, int, str]]:
        """What the target is owed: call, version, step, in that order."""
        async with self.store.read() as conn:
            rows = await outbox.list_rows(conn, limit=1000)
        return sorted((row.call_id, row.version, row.step) for row in rows)

    async def applied(self, pbx: str = "hq") -> int:
        """The position in the store."""
        async with self.store.read() as conn:
            return await attachments.applied(conn, pbx)


def step(n: int, name: Step, at: float | None = None, **fields: Any) -> Change:
    """A change of the n-th call."""
    one = record(n, did="+74950000001", **fields)
    moment = one.started_at + 1 if at is None else at
    if name == "ended":
        one.ended_at = moment
    return Change(one, name, moment)


def tagged(n: int, at: float, *names: str, taken_back: bool = False, **fields: Any) -> Change:
    """A change that sets keypad tags, or takes them back."""
    change = step(n, "updated", at, **fields)
    found = [Tag(name=name, source="keypad", by="101", at=at) for name in names]
    if taken_back:
        change.untags = found
    else:
        change.tags = found
    return change
