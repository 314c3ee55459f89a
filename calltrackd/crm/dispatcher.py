"""Every target's deliveries, independent of each other.

    pipeline ── commit ── offer(rows) ──► lane of target A ──► sender A
                   │                 └──► lane of target B ──► sender B
                   ▼                            │ how it went
                 store ◄──────── settler ◄──────┘

A lane is woken by offered rows and by its own timers and shares nothing with other lanes but the
settler, which never waits for a target: so a target that is down, slow or flooded delays none.
What each promises: `lane` (order, memory), `breaker` (a target that is down), `backoff` (when
again), `settler` (how it went is written), `webhook.sender` (one request).
"""

import asyncio
import random
from collections.abc import Callable, Iterable

import msgspec
import structlog

from calltrackd.crm.clock import Clock, WallClock
from calltrackd.crm.connector import Connector
from calltrackd.crm.lane import Lane, Meter, Sender, Word
from calltrackd.crm.ledger import Ledger
from calltrackd.crm.sender import ConnectorSender
from calltrackd.crm.settler import LINGER_S, Settler
from calltrackd.crm.target import Target
from calltrackd.model.outbox import OutboxRow

_log = structlog.get_logger(__name__)
MakeSender = Callable[[Target], Sender]


class TargetStatus(msgspec.Struct, frozen=True):
    """How a target is: `state` as in `Lane.state`, rows in memory, requests on the wire.

    `needs_admin`: it refuses us until somebody mends what `trouble` says.
    """

    target: str
    state: str
    in_memory: int
    in_flight: int
    trouble: str
    needs_admin: bool = False


def _unmetered(_target: str, _word: Word) -> None:
    """For those who do not count."""


class Dispatcher:
    """Build it inside the running loop, `run` it in a task, `offer` what was committed.

    `meter(target, word)`: told of each attempt, see `lane.Meter`. `linger_s`: how long results are
    gathered before they are written. Raises what the sender raises for settings that cannot be
    used (TemplateFault, ValueError, OSError).
    """

    def __init__(
        self,
        ledger: Ledger,
        targets: Iterable[Target],
        *,
        make_sender: MakeSender,
        meter: Meter = _unmetered,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        linger_s: float = LINGER_S,
    ) -> None:
        self._ledger = ledger
        self._settler = Settler(ledger, linger_s)
        self._meter = meter
        self._clock = clock or WallClock()
        self._make_sender = make_sender
        self._chance = chance
        self._stopped = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._lanes: dict[str, Lane] = {}
        self._lanes = self._built(targets)

    def offer(self, rows: Iterable[OutboxRow]) -> None:
        """Rows that were committed just now. Never waits, never raises."""
        for row in rows:
            lane = self._lanes.get(row.target)
            if lane is not None:
                lane.offer(row)

    async def run(self) -> None:
        """Deliver until `stop` is done."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._recall()
            settling = tasks.create_task(self._settler.run(), name="outbox settler")
            for lane in self._lanes.values():
                self._watch(lane)
            await self._stopped.wait()
            await settling

    async def stop(self, deadline_s: float) -> None:
        """Start nothing more, give requests `deadline_s` seconds, write how they went."""
        await asyncio.gather(*(lane.stop(deadline_s) for lane in self._lanes.values()))
        self._settler.stop()
        self._stopped.set()

    async def retarget(self, targets: Iterable[Target], deadline_s: float = 5.0) -> None:
        """Other targets from now on; unchanged ones go on undisturbed.

        Raises as the constructor does, and then nothing has changed.
        """
        old, new = self._lanes, self._built(targets)
        leaving = [lane for lane in old.values() if lane not in new.values()]
        await asyncio.gather(*(lane.stop(deadline_s) for lane in leaving))
        await self._settler.flush(deadline_s)  # a new lane must not find rows that were sent
        self._lanes = new
        for lane in new.values():
            if lane not in old.values():
                self._watch(lane)

    def status(self) -> list[TargetStatus]:
        """How each target is, in the order of the settings."""
        return [
            TargetStatus(
                name, lane.state, lane.in_memory, lane.in_flight, lane.trouble, lane.needs_admin
            )
            for name, lane in self._lanes.items()
        ]

    def connector(self, target: str) -> Connector | None:
        """The connector of a CRM target, to ask the CRM by; None for webhooks and strangers.

        It lives until the settings of its target change: ask anew each time.
        """
        lane = self._lanes.get(target)
        sender = None if lane is None else lane.sender
        return sender.connector if isinstance(sender, ConnectorSender) else None

    async def _recall(self) -> None:
        """What a kill interrupted is shown as unknown; the connectors know without that."""
        try:
            count = await self._ledger.interrupted()
        except Exception as error:  # noqa: BLE001 - StoreDown or worse: this is for people only
            _log.warning("interrupted deliveries cannot be marked", error=error)
        else:
            if count:
                _log.info("deliveries were interrupted, the CRM will be asked", rows=count)

    def _watch(self, lane: Lane) -> None:
        if self._tasks is not None:
            self._tasks.create_task(lane.run(), name=f"outbox lane {lane.target.name}")

    def _built(self, targets: Iterable[Target]) -> dict[str, Lane]:
        """A lane a target; the running one where the target is the same."""
        lanes: dict[str, Lane] = {}
        for target in targets:
            running = self._lanes.get(target.name)
            same = running is not None and running.target == target
            lanes[target.name] = running if running and same else self._lane(target)
        return lanes

    def _lane(self, target: Target) -> Lane:
        return Lane(
            target,
            self._make_sender(target),
            self._ledger,
            self._settler,
            clock=self._clock,
            chance=self._chance,
            meter=self._meter,
        )
