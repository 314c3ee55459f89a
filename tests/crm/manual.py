"""What the delivery tests drive by hand: time, a store in memory, a target that does as told."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

from msgspec.structs import replace

from calltrackd.crm.outcome import Delivered, Outcome
from calltrackd.crm.rows import row_id
from calltrackd.crm.target import HookTarget, Target
from calltrackd.model.call import Step
from calltrackd.model.outbox import OWED, OutboxRow

START = 1_795_423_338.0
KEY = bytes(range(32))


def a_row(call: str = "c1", version: int = 1, target: str = "crm", **fields: object) -> OutboxRow:
    """A row of a call; by default an update."""
    given: dict[str, object] = {
        "step": "updated",
        "body": f'{{"type":"call.updated","data":{{"id":"{call}","version":{version}}}}}',
        "created_at": START,
        "next_at": START,
        **fields,
    }
    return OutboxRow(
        id=row_id(target, call, version), target=target, call_id=call, version=version, **given
    )


def a_target(name: str = "crm", url: str = "http://127.0.0.1:1/", **fields: object) -> HookTarget:
    """A target on this machine, signed with KEY."""
    return HookTarget(**{"name": name, "url": url, "keys": (KEY,), "allow_private": True, **fields})


class ManualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """Time stands still until `advance`."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._timers: list[tuple[float, int, ManualTimer]] = []
        self._order = count()

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(callback)
        if when <= self._now:
            asyncio.get_running_loop().call_soon(lambda: timer.cancelled or callback())
        else:
            heappush(self._timers, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while self._timers and self._timers[0][0] <= self._now:
            _, _, timer = heappop(self._timers)
            if not timer.cancelled:
                timer.callback()


class MemoryLedger:
    """The store's behaviour without a store. `broken`: every method raises it."""

    def __init__(self, *rows: OutboxRow) -> None:
        self.rows = {row.id: row for row in rows}
        self.picked_up: dict[str, float] = {}
        self.broken: Exception | None = None
        self.reads = 0
        self.read_gate: asyncio.Event | None = None

    def commit(self, *rows: OutboxRow) -> tuple[OutboxRow, ...]:
        for row in rows:
            self.rows.setdefault(row.id, row)
        return rows

    def states(self) -> dict[str, str]:
        return {row_id: row.state for row_id, row in self.rows.items()}

    def _waiting(self, target: str) -> list[OutboxRow]:
        if self.broken:
            raise self.broken
        self.reads += 1
        rows = [row for row in self.rows.values() if row.target == target]
        return [row for row in rows if row.state in OWED]

    async def due(self, target: str, now: float, limit: int) -> list[OutboxRow]:
        heads: dict[str, OutboxRow] = {}
        for row in sorted(self._waiting(target), key=lambda one: one.version):
            heads.setdefault(row.call_id, row)
        found = [row for row in heads.values() if row.next_at <= now]
        return sorted(found, key=lambda one: (one.next_at, one.created_at))[:limit]

    async def owed(self, target: str, limit: int) -> list[OutboxRow]:
        found = self._waiting(target)[:limit]
        if self.read_gate is not None:
            await self.read_gate.wait()
        return found

    async def picked_up_at(self, call_id: str) -> float | None:
        return self.picked_up.get(call_id)

    async def interrupted(self) -> int:
        return 0

    async def settle(self, rows: Sequence[OutboxRow]) -> None:
        if self.broken:
            raise self.broken
        for row in rows:
            if self.rows[row.id].state in OWED:
                self.rows[row.id] = replace(row)


class ScriptedSender:
    """Answers as `script(row)` says and writes down what was sent, by target."""

    sent: dict[str, list[OutboxRow]]

    def __init__(self, script: Callable[[OutboxRow], Outcome] | None = None) -> None:
        self.sent = defaultdict(list)
        self.script = script or (lambda _row: Delivered(200))
        self.gate: asyncio.Event | None = None
        self.most_at_once = 0
        self._at_once = 0

    def __call__(self, target: Target) -> "ScriptedSender":
        return self

    async def send(self, row: OutboxRow) -> Outcome:
        self.sent[row.target].append(row)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            return self.script(row)
        finally:
            self._at_once -= 1

    async def close(self) -> None:
        """Nothing is open."""

    def versions(self, call: str, target: str = "crm") -> list[int]:
        return [row.version for row in self.sent[target] if row.call_id == call]


def a_start(call: str = "c1", **fields: object) -> OutboxRow:
    """A call's first row."""
    step: Step = "started"
    return a_row(call, 1, step=step, **fields)
