"""What comes back from CRMs while the daemon runs: deals, and who is responsible for whom.

Each target has tasks of its own: one works on its inbox, one polls. A CRM that is slow, wrong or
away holds up nobody else, and no call.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from calltrackd.crm.returns.judge import Stages
from calltrackd.crm.returns.origin import Also, Origin
from calltrackd.crm.returns.people import MOST_NUMBERS, Guide, Patience, People
from calltrackd.crm.returns.poller import Poller
from calltrackd.crm.returns.ports import Deals, Inbox, Lookup
from calltrackd.crm.returns.reader import Reader
from calltrackd.crm.target import Target, hook_of, targets_of
from calltrackd.crm.webhook.deals import SignedDeals
from calltrackd.model.call import CallRecord
from calltrackd.model.deal import Deal, DealWay
from calltrackd.model.person import Person
from calltrackd.ops.metrics import Metrics
from calltrackd.pipeline import returned
from calltrackd.pipeline.commit import Committed
from calltrackd.settings import Settings, WebhookTarget
from calltrackd.settings.deals import DealRules
from calltrackd.store import deals, inbox, people
from calltrackd.store.engine import Store

SEEK_S = 60.0
"""How long after a call's event its responsible manager may still be found."""
MOST_SOUGHT = 500
DAY_S = 86_400.0

_log = structlog.get_logger(__name__)
Connectors = Callable[[str], object | None]
"""A target's connector by its name, None where it has none."""


class Returning:
    """`begin` in the daemon's task group, `adopt` at a reload, `stop` at the end."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        metrics: Metrics,
        connectors: Connectors,
        told: Callable[[Committed], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._connectors = connectors
        self._told = told
        self._targets: list[Target] = []
        self._origins: dict[str, Origin] = {}
        self._readers: dict[str, Reader] = {}
        self._pollers: dict[str, Poller] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._sought: dict[str, asyncio.Task[None]] = {}
        self._began_at = time.time()
        self.people = People(_patience(settings), note=self._note)

    async def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Read inboxes and poll from now on. Raises StoreDown."""
        async with self._store.read() as conn:
            known = await people.latest(conn, MOST_NUMBERS)
        self.people.recall(known)
        self._set_up(tasks)

    async def adopt(self, settings: Settings, tasks: asyncio.TaskGroup) -> None:
        """Reloaded settings, when the dispatcher has their connectors."""
        self._settings = settings
        await _ended(self._tasks)
        self._set_up(tasks)

    async def stop(self) -> None:
        """What is under way is done again after the next start."""
        await _ended([*self._tasks, *self._sought.values()])
        await self.people.close()

    # -- what others ask of it

    def inbox_of(self, target: str) -> Inbox | None:
        """Who verifies a target's webhooks; None: it takes none."""
        origin = self._origins.get(target)
        return None if origin is None else origin.inbox

    def wake(self, target: str) -> None:
        """A webhook of the target was stored."""
        if target in self._readers:
            self._readers[target].wake()

    def seek(self, done: Committed) -> None:
        """Look for the responsible managers of calls that were published without one."""
        if not self.people.asks:
            return
        for record, change in zip(done.records, done.changes, strict=True):
            if change.step in ("started", "answered", "ended") and _lacks(record):
                self._seek(record)

    async def measure(self) -> None:
        """Figures that are asked for. Raises StoreDown."""
        async with self._store.read() as conn:
            depths, counted = await inbox.standing(conn), await deals.counted(conn)
        taking = [name for name, origin in self._origins.items() if origin.inbox is not None]
        figures = self._metrics.returns
        figures.inbox(depths, taking)
        figures.deals(counted)
        figures.lookups(self.people.tally)
        polled = {name: poller.polled_at for name, poller in self._pollers.items()}
        figures.polls({name: at or self._began_at for name, at in polled.items()})

    # -- setting up

    def _set_up(self, tasks: asyncio.TaskGroup) -> None:
        settings = self._settings
        self._targets = targets_of(settings)
        self._origins = {one.target: one for one in self._all_origins()}
        self.people.adopt(self._guides(), _patience(settings))
        self._readers = {
            name: Reader(origin, self._store, self._keep) for name, origin in self._origins.items()
        }
        self._pollers = {
            name: Poller(origin, origin.deals, self._store, self._keep)
            for name, origin in self._origins.items()
            if origin.deals is not None and origin.poll_s > 0
        }
        works: list[Reader | Poller] = [*self._readers.values(), *self._pollers.values()]
        self._tasks = [tasks.create_task(work.run(), name="deals") for work in works]

    def _all_origins(self) -> Iterator[Origin]:
        for one in self._settings.target:
            if not isinstance(one, WebhookTarget):
                connector = self._connectors(one.name)
                yield Origin(
                    target=one.name,
                    deals=connector if isinstance(connector, Deals) else None,
                    inbox=connector if isinstance(connector, Inbox) else None,
                    stages=_stages(one.deals),
                    poll_s=one.deals.poll_s,
                    window_s=one.deals.window_days * DAY_S,
                )
            elif one.deals is not None:
                yield Origin(
                    target=one.name,
                    inbox=SignedDeals(hook_of(one).keys),
                    stages=_stages(one.deals),
                    window_s=one.deals.window_days * DAY_S,
                )

    def _guides(self) -> Iterator[Guide]:
        for target in self._targets:
            connector = self._connectors(target.name)
            if isinstance(connector, Lookup):
                yield Guide(target.name, connector, target.wants.hears_on)

    # -- what comes

    async def _keep(
        self, origin: Origin, found: Sequence[Deal], by: DealWay, read_at: float, also: Also
    ) -> None:
        news = returned.Returned(
            target=origin.target,
            deals=[(deal, origin.stages.status(deal)) for deal in found],
            by=by,
            read_at=read_at,
            window_s=origin.window_s,
            region=self._settings.region,
        )
        targets, at = self._targets, time.time()

        async def work(conn: AsyncConnection) -> Committed | None:
            done = await returned.save(conn, news, targets, at)
            await also(conn)
            return done

        self._tell(await self._store.writer.submit(work))

    def _tell(self, done: Committed | None) -> None:
        if done is not None:
            self._told(done)

    async def _note(self, phone: str, target: str, person: Person | None, at: float) -> None:
        await self._store.writer.submit(lambda conn: people.note(conn, phone, target, person, at))

    def _seek(self, record: CallRecord) -> None:
        if record.id in self._sought or len(self._sought) >= MOST_SOUGHT:
            return
        task = asyncio.create_task(self._find(record), name="responsible")
        self._sought[record.id] = task
        task.add_done_callback(lambda _done: self._sought.pop(record.id, None))

    async def _find(self, record: CallRecord) -> None:
        assert record.caller is not None  # noqa: S101 - looked at by `_lacks`
        person = await self.people.person(record.caller, record.did, SEEK_S)
        if person is None:
            return
        targets, at = self._targets, time.time()
        try:
            done = await self._store.writer.submit(
                lambda conn: returned.responsible(conn, record.id, person, targets, at)
            )
        except Exception as error:  # noqa: BLE001 - border: a call without a name goes on
            _log.warning("responsible.unwritten", call=record.id, error=error)
        else:
            self._tell(done)


def _lacks(record: CallRecord) -> bool:
    return (
        record.responsible is None and record.caller is not None and record.direction != "internal"
    )


def _patience(settings: Settings) -> Patience:
    given = settings.responsible
    return Patience(given.fresh_s, given.unknown_s, given.wait_s)


def _stages(rules: DealRules) -> Stages:
    return Stages(rules.won, rules.lost)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
