"""A CRM that can be told what to have and how to fail, a store, and a clock."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from calltrackd.crm.people import Person
from calltrackd.crm.returns.origin import Also, Origin
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.model.deal import Deal, DealKind, DealWay
from calltrackd.pipeline import returned
from calltrackd.pipeline.commit import Committed
from calltrackd.store.engine import Store

NOW = 1_795_423_338.0


class Clock:
    """Unix seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def deal(deal_id: str = "9", **fields: Any) -> Deal:
    """A deal that changed a minute ago."""
    return Deal(**{"id": deal_id, "stage": "NEW", "changed_at": NOW - 60, **fields})


class FakeCrm:
    """`deals` are what it has; `trouble` is raised by every question, `bad` by those for an id."""

    def __init__(self, *deals: Deal) -> None:
        self.deals = {one.id: one for one in deals}
        self.people: dict[str, Person] = {}
        self.trouble: Exception | None = None
        self.bad: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.since: list[float] = []
        self.page = 2

    def have(self, one: Deal) -> None:
        """From now on."""
        self.deals[one.id] = one

    async def read_deal(self, deal_id: str, kind: DealKind = "deal") -> Deal | None:
        self.asked.append(deal_id)
        self._fail(deal_id)
        return self.deals.get(deal_id)

    async def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        self.since.append(since)
        self._fail("")
        changed = [one for one in self.deals.values() if one.changed_at >= since]
        changed.sort(key=lambda one: one.changed_at)
        for n in range(0, len(changed), self.page):
            page = changed[n : n + self.page]
            for one in page:
                self._fail(one.id)
            yield page

    async def responsible(self, phone: str) -> Person | None:
        self.asked.append(phone)
        self._fail(phone)
        return self.people.get(phone)

    def verify(self, posted: Posted) -> bool:
        return posted.path == "secret"

    def told(self, _content_type: str, body: bytes) -> Told:
        """Ids between commas; `?` is nonsense."""
        if b"?" in body:
            raise ValueError("nonsense")
        return Told(keys=[("deal", one) for one in body.decode().split(",")])

    def _fail(self, key: str) -> None:
        error = self.trouble or self.bad.get(key)
        if error is not None:
            raise error


class House:
    """Commits as the daemon does; `committed` is what records told anew."""

    def __init__(self, store: Store, crm: FakeCrm) -> None:
        self.store = store
        self.clock = Clock()
        self.origin = Origin(target="crm", deals=crm, inbox=crm)
        self.committed: list[Committed] = []
        self.unusable: set[str] = set()

    async def keep(
        self, origin: Origin, found: Sequence[Deal], by: DealWay, read_at: float, also: Also
    ) -> None:
        """The keeper; a deal in `unusable` breaks its transaction."""
        news = returned.Returned(
            target=origin.target,
            deals=[(one, origin.stages.status(one)) for one in found],
            by=by,
            read_at=read_at,
            window_s=origin.window_s,
            region="RU",
        )

        async def work(conn: Any) -> Committed | None:
            if self.unusable & {one.id for one in found}:
                raise RuntimeError("a deal that breaks us")
            done = await returned.save(conn, news, [], self.clock())
            await also(conn)
            return done

        done = await self.store.writer.submit(work)
        if done is not None:
            self.committed.append(done)
