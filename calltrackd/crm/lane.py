"""One target's street: which row goes next, and what follows from how it went.

Theory. The store has every row that is owed; memory is only a window on it, so that a fresh row is
on the wire within a millisecond of its commit. The lane is in one of two modes:

  direct   every owed row of this target is in the window. An offered row goes out at once.
  behind   the store has more than the window: after a start, an outage, a flood. Offered rows are
           not taken (they are in the store); rows come by looking into the store for what is due,
           until one look finds that all that is owed fits. Then the lane is direct again.

What ringing phones wait for waits for no backlog: a start is its call's first row, and `ringing`
may follow one that went before, so they go into the window in both modes, before all that waits
there, and `reserved` slots are kept for them.

So the order of a call holds in both: direct knows all its rows, the store offers the earliest.
While the breaker is open the window is empty: ten thousand rows of a dead target cost nothing but
a probe now and then. Every LOOK_S the lane looks into the store anyway, since an admin's command
(`outbox retry`, `outbox drop`) changes it behind our back.

A request whose answer was lost is sent again under the same id: the receiver knows it by that.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Literal, Protocol

import structlog

from calltrackd.crm import backoff, verdict, window
from calltrackd.crm.breaker import Breaker
from calltrackd.crm.clock import Clock, Timer
from calltrackd.crm.complaints import Complaints
from calltrackd.crm.ledger import Ledger
from calltrackd.crm.outcome import Blocked, Delivered, Failed, Gone, Late, Outcome, Refused
from calltrackd.crm.settler import Settler
from calltrackd.crm.target import Target
from calltrackd.crm.window import Window
from calltrackd.model.outbox import URGENT, OutboxRow

BATCH = 200
"""Rows of a look into the store while behind."""
LOOK_S = 10.0
"""Between looks into the store without another reason."""
RETRY_DIRECT_S = 2.0
"""Between attempts to leave the mode behind when more is owed than fits."""
STORE_AWAY_S = 1.0

_log = structlog.get_logger(__name__)
Word = Literal["delivered", "failed", "unknown", "blocked", "dead", "dropped"]
"""What became of a row, for metrics and docs/webhooks.md."""
Meter = Callable[[str, Word], None]
"""Told of each attempt: target's name and what became of the row."""


class Sender(Protocol):
    """What a connector is to its lane."""

    async def send(self, row: OutboxRow) -> Outcome:
        """Try once. Never raises but for cancellation."""

    async def close(self) -> None:
        """Let go of connections."""


class Lane:
    """The deliveries of one target: `offer` rows, `run` until `stop`."""

    def __init__(
        self,
        target: Target,
        sender: Sender,
        ledger: Ledger,
        settler: Settler,
        *,
        clock: Clock,
        chance: Callable[[], float],
        meter: Meter,
    ) -> None:
        self.target = target
        self.sender, self._ledger, self._settler = sender, ledger, settler
        self._clock, self._chance, self._meter = clock, chance, meter
        self._window = Window()
        self._breaker = Breaker(chance)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._timer: Timer | None = None
        self._stopping = False
        self._gone = False
        self._complaints = Complaints(target.name)
        self._trouble = ""
        self._needs_admin = False
        self._behind = True
        self._reading = False
        self._meanwhile: list[OutboxRow] = []
        self._ahead: set[str] = set()
        """Calls that overtook the backlog: all their rows so far were in the window."""
        self._look_at = 0.0
        self._direct_at = 0.0
        self._own_at = 0.0  # of the row that probed last and was only in its own way

    @property
    def state(self) -> str:
        """`open`, `half-open`, `gone` (410), `behind` or `direct`, for people."""
        if self._gone:
            return "gone"
        breaker = self._breaker.state(self._clock.now())
        if breaker != "closed":
            return breaker
        return "behind" if self._behind else "direct"

    @property
    def in_flight(self) -> int:
        """Requests on the wire."""
        return len(self._tasks)

    @property
    def in_memory(self) -> int:
        """Rows that the window holds."""
        return len(self._window)

    @property
    def trouble(self) -> str:
        """Why deliveries fail at the moment; empty while they do not."""
        return self._trouble

    @property
    def needs_admin(self) -> bool:
        """The target refuses us until somebody mends something."""
        return self._needs_admin

    def offer(self, row: OutboxRow) -> None:
        """A row that was committed just now."""
        if self._stopping or self._gone:
            return
        if self._behind and not self._overtakes(row):
            self._meanwhile.append(row) if self._reading else self._look()
            return
        self._window.offer(row)
        if self._window.full:
            self._fall_behind()
        self._start(self._clock.now())

    def _overtakes(self, row: OutboxRow) -> bool:
        """Ringing phones wait for no backlog, where no order is broken by that."""
        closed = self._breaker.state(self._clock.now()) == "closed"
        room = closed and not self._reading and not self._window.full
        return self._is_next(row, room=room)

    def _is_next(self, row: OutboxRow, *, room: bool) -> bool:
        """No earlier row of its call lies in the store alone; from the first that does, none."""
        first = row.step == "started"
        if room and (first or (row.step in URGENT and row.call_id in self._ahead)):
            self._ahead.add(row.call_id)
            return True
        self._ahead.discard(row.call_id)
        return False

    async def run(self) -> None:
        """Deliver until stopped."""
        while not self._stopping:
            self._wake.clear()
            now = self._clock.now()
            if not self._gone and self._breaker.state(now) != "open":
                if self._must_look(now):
                    await self._look_into_store(now)
                self._start(now)
            self._arm(now)
            await self._wake.wait()
        if self._timer is not None:
            self._timer.cancel()

    async def stop(self, deadline_s: float) -> None:
        """Start nothing more, give requests on the wire `deadline_s` seconds, close."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.sender.close()

    # -- from the store into the window

    def _look(self) -> None:
        """Look into the store at the next turn."""
        self._look_at = 0.0
        self._wake.set()

    def _forget_window(self) -> None:
        self._window.forget()
        self._ahead.clear()

    def _fall_behind(self) -> None:
        self._forget_window()
        self._behind = True
        self._look_at = self._direct_at = 0.0

    def _must_look(self, now: float) -> bool:
        if now < self._look_at or (self._tasks and self._breaker.until is not None):
            return False
        room = len(self._window) <= BATCH // 2 and self._window.unsettled <= window.MOST_ROWS
        return room or not self._behind

    async def _look_into_store(self, now: float) -> None:
        self._behind = self._reading = True
        self._meanwhile.clear()
        self._window.begin_read()
        try:
            if self._breaker.state(now) == "half-open":
                await self._read_probe(now)
            elif not await self._read_all(now):
                await self._read_due(now)
        except Exception as error:  # noqa: BLE001 - StoreDown or worse: the rows are safe there
            self._complaints.tell(f"the outbox cannot be read: {error}", now)
            self._look_at = now + STORE_AWAY_S
        finally:
            self._reading = False

    async def _read_probe(self, now: float) -> None:
        """Take the row that waits longest, and it alone."""
        self._forget_window()
        for row in await self._ledger.due(self.target.name, now, 1 + self._window.seen):
            self._window.adopt([row])
            if len(self._window):
                break
        look_at = min(self._own_at if self._own_at > now else math.inf, now + LOOK_S)
        self._look_at = 0.0 if self._meanwhile and not len(self._window) else look_at

    async def _read_all(self, now: float) -> bool:
        """Try to become direct. False when more is owed than fits."""
        if now < self._direct_at:
            return False
        limit = window.MOST_ROWS // 2 + self._window.seen
        rows = await self._ledger.owed(self.target.name, limit)
        if len(rows) == limit:
            self._direct_at = now + RETRY_DIRECT_S
            return False
        self._forget_window()
        self._window.adopt(rows)
        for row in self._meanwhile:
            self._window.offer(row)
        self._behind = self._window.full
        self._look_at = now + LOOK_S
        return True

    async def _read_due(self, now: float) -> None:
        limit = BATCH + self._window.seen
        rows = await self._ledger.due(self.target.name, now, limit)
        self._window.adopt(rows)
        for row in self._meanwhile:
            if self._is_next(row, room=True):
                self._window.offer(row)
        more = len(rows) == limit or bool(self._meanwhile)
        self._look_at = 0.0 if more else self._direct_at

    # -- from the window to the target

    def _start(self, now: float) -> None:
        """Fill the free slots with rows that are due."""
        while not self._stopping and len(self._tasks) < self._slots(now):
            row = self._window.take(now, urgent=self._only_urgent(len(self._tasks) + 1))
            if row is None:
                return
            task = asyncio.create_task(self._deliver(row), name=f"deliver to {self.target.name}")
            self._tasks.add(task)
            task.add_done_callback(self._delivered)

    def _slots(self, now: float) -> int:
        state = self._breaker.state(now)
        if self._gone or state == "open":
            return 0
        return 1 if state == "half-open" else self.target.concurrency

    def _only_urgent(self, used: int) -> bool:
        """The last slots are kept for calls that ring; `used`: slots, the one in question too."""
        return used > self.target.concurrency - self.target.reserved

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _deliver(self, row: OutboxRow | None) -> None:
        """Send `row`, and what is due after it, while this slot may be used."""
        while row is not None:
            await self._try(row)
            now = self._clock.now()
            if self._stopping or len(self._tasks) > self._slots(now):
                return
            row = self._window.take(now, urgent=self._only_urgent(len(self._tasks)))

    async def _try(self, row: OutboxRow) -> None:
        try:
            if await self._is_stale(row):
                self._settle(verdict.stale(row), "dropped")
                return
            outcome = await self.sender.send(row)
        except asyncio.CancelledError:
            self._window.untake(row)
            raise
        except Exception as error:  # noqa: BLE001 - the border of a sender: the row stays owed
            _log.exception("a sender failed where it must not", target=self.target.name)
            outcome = Failed(reason=f"internal: {type(error).__name__}", scope="row")
        self._judge(row, outcome)

    async def _is_stale(self, row: OutboxRow) -> bool:
        """A start, or whose phones ring, of a call that was picked up too long ago.

        The row's own age is asked first: it is by our clock, and fresh rows cost no look-up.
        """
        last = self._clock.now() - self.target.stale_s
        if row.step not in URGENT or row.created_at > last:
            return False
        try:
            picked_up_at = await self._ledger.picked_up_at(row.call_id)
        except Exception as error:  # noqa: BLE001 - a late start does less harm than a lost one
            self._complaints.tell(f"the store cannot be asked: {error}", self._clock.now())
            return False
        return picked_up_at is not None and picked_up_at <= last

    def _judge(self, row: OutboxRow, outcome: Outcome) -> None:
        """Everything that follows from one attempt."""
        now = self._clock.now()
        if isinstance(outcome, Delivered):
            self._recover(row)
        elif not isinstance(outcome, Late):
            self._suffer(row, outcome, now)
        give_up_s, next_at = self.target.give_up_s, self._next_at(row, outcome, now)
        tried = verdict.after_attempt(row, outcome, now, next_at, give_up_s)
        if tried.state == "dead":
            self._complaints.tell(f"dead letter: {tried.last_error}", now, call=row.call_id)
        self._settle(tried, _word(tried, outcome))

    def _recover(self, row: OutboxRow) -> None:
        self._trouble, self._needs_admin = "", False
        if self._breaker.delivered():
            self._complaints.recovered(call=row.call_id)
            self._look()

    def _suffer(
        self, row: OutboxRow, outcome: Failed | Refused | Blocked | Gone, now: float
    ) -> None:
        if isinstance(outcome, Failed):
            self._breaker.failed(row.call_id, outcome, now)
        elif isinstance(outcome, Blocked):
            self._breaker.blocked(now, outcome.after)
            if outcome.admin and not self._needs_admin:
                _log.error("target.needs_you", target=self.target.name, reason=outcome.reason)
            self._needs_admin = outcome.admin
        elif isinstance(outcome, Gone):
            self._gone = True
        self._trouble = outcome.reason
        about = {"told": outcome.detail} if outcome.detail else {}
        self._complaints.tell(outcome.reason, now, call=row.call_id, **about)

    def _next_at(self, row: OutboxRow, outcome: Outcome, now: float) -> float:
        """While the target is down its pause counts, else the row's own schedule.

        A row that is in its own way says nothing of the target: another one probes it meanwhile.
        """
        own = isinstance(outcome, Failed) and outcome.scope == "row"
        if self._breaker.until is not None and not own:
            return self._breaker.until
        if isinstance(outcome, Failed) and outcome.after is not None:
            return now + max(outcome.after, backoff.FLOOR_S)
        age_s = 0.0 if row.first_tried_at is None else now - row.first_tried_at
        return now + backoff.wait(age_s, self._chance())

    def _settle(self, row: OutboxRow, word: Word) -> None:
        self._window.put(row)
        self._settler.put(row, self._committed)
        self._meter(self.target.name, word)
        if self._breaker.until is not None or self._gone:
            self._own_at = row.next_at
            self._fall_behind()

    def _committed(self, row: OutboxRow) -> None:
        self._window.committed(row)
        if self._behind and self._breaker.state(self._clock.now()) != "open":
            self._look()

    # -- around

    def _arm(self, now: float) -> None:
        """Wake up when the next row, look or probe is due."""
        if self._timer is not None:
            self._timer.cancel()
        moments = [self._look_at or now + LOOK_S]
        due = self._window.next_at(urgent=self._only_urgent(len(self._tasks) + 1))
        if due is not None and len(self._tasks) < self._slots(now):
            moments.append(due)
        paused = self._breaker.until if self._breaker.state(now) == "open" else None
        self._timer = self._clock.call_at(paused or min(moments), self._wake.set)


def _word(tried: OutboxRow, outcome: Outcome) -> Word:
    if tried.state == "sent":
        return "delivered"
    if tried.state in {"dead", "dropped"}:
        return "dead" if tried.state == "dead" else "dropped"
    if isinstance(outcome, Blocked):
        return "blocked"
    return "unknown" if isinstance(outcome, Failed) and outcome.unknown else "failed"
