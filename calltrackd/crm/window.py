"""What of a target's outbox is in memory: a chain of rows for each call (pure).

Of a chain only the first row is sent, and the next one after it was settled, so the order of a call
holds whatever happens; chains are independent. A row that was tried stays known until the store has
its new state, and what was committed while the store was being read stays known until that is
taken in: so a look into the store can neither send a row twice nor bring an old state back.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush

import msgspec

from calltrackd.model.outbox import OWED, URGENT, OutboxRow

MOST_ROWS = 1000
MOST_CHARS = 4_000_000
"""Of bodies; more than this of either is left to the store."""
RECENT = 4000
"""So many settled ids are remembered: a row can be found in the store before it is offered."""


class Chain(msgspec.Struct):
    """The rows of one call in the order of versions; `busy`: the first is being sent."""

    rows: list[OutboxRow] = []
    busy: bool = False


class Window:
    """The chains of one target. Times are unix seconds."""

    def __init__(self) -> None:
        self._chains: dict[str, Chain] = {}
        self._waiting: list[tuple[float, float, str]] = []
        self._ringing: list[tuple[float, float, str]] = []
        self._held: set[str] = set()
        self._chars = 0
        self._unsettled: dict[str, OutboxRow] = {}
        self._while_reading: dict[str, OutboxRow] = {}
        self._recent: set[str] = set()
        self._recent_order: deque[str] = deque()

    def __len__(self) -> int:
        """Rows in chains."""
        return len(self._held)

    @property
    def seen(self) -> int:
        """Rows that a look into the store may show although they are known here."""
        return len(self._held) + len(self._unsettled)

    @property
    def unsettled(self) -> int:
        """Rows whose new state the store does not have yet."""
        return len(self._unsettled)

    @property
    def full(self) -> bool:
        """More is held than should be."""
        return len(self._held) > MOST_ROWS or self._chars > MOST_CHARS

    def offer(self, row: OutboxRow) -> None:
        """A row that was just committed; a look into the store may have been quicker."""
        if row.id not in self._recent and row.id not in self._unsettled:
            self._add(row)

    def begin_read(self) -> None:
        """The store is about to be read."""
        self._while_reading.clear()

    def adopt(self, rows: Iterable[OutboxRow]) -> None:
        """Waiting rows as the store had them at some moment since `begin_read`."""
        for row in rows:
            self._add(self._unsettled.get(row.id) or self._while_reading.get(row.id) or row)

    def take(self, now: float, *, urgent: bool = False) -> OutboxRow | None:
        """The next row to send, None when none is due. It must come back by put or untake.

        What ringing phones wait for goes first. `urgent`: only that.
        """
        row = self._take_from(self._ringing, now)
        return row if row is not None or urgent else self._take_from(self._waiting, now)

    def _take_from(self, heap: list[tuple[float, float, str]], now: float) -> OutboxRow | None:
        while heap and heap[0][0] <= now:
            _, _, call_id = heappop(heap)
            chain = self._chains.get(call_id)
            if chain and not chain.busy and _due_at(chain.rows[0]) <= now:
                chain.busy = True
                return chain.rows[0]
        return None

    def put(self, row: OutboxRow) -> None:
        """A taken row in its new state: settled, or waiting until its `next_at`."""
        chain = self._chains[row.call_id]
        chain.busy = False
        self._unsettled[row.id] = row
        if row.state in OWED:
            chain.rows[0] = row
        else:
            self._let_go(chain.rows.pop(0))
        self._schedule(row.call_id)

    def untake(self, row: OutboxRow) -> None:
        """A taken row that was not tried after all."""
        self._chains[row.call_id].busy = False
        self._schedule(row.call_id)

    def committed(self, row: OutboxRow) -> None:
        """The store has this state of the row now."""
        if self._unsettled.get(row.id) is row:
            del self._unsettled[row.id]
        self._while_reading[row.id] = row
        if row.state not in OWED:
            self._remember(row.id)

    def forget(self) -> None:
        """Let go of every row that is not being sent: the store has them all."""
        self._waiting.clear()
        self._ringing.clear()
        for call_id, chain in list(self._chains.items()):
            for row in chain.rows[int(chain.busy) :]:
                self._let_go(row)
            del chain.rows[int(chain.busy) :]
            if not chain.busy:
                del self._chains[call_id]

    def next_at(self, *, urgent: bool = False) -> float | None:
        """When a row is due (unix seconds, perhaps past or too early); None: no row waits.

        `urgent`: one for ringing phones.
        """
        heaps = (self._ringing,) if urgent else (self._waiting, self._ringing)
        heads = [heap[0][0] for heap in heaps if heap]
        return min(heads, default=None)

    def _add(self, row: OutboxRow) -> None:
        if row.state not in OWED or row.id in self._held:
            return
        chain = self._chains.setdefault(row.call_id, Chain())
        insort(chain.rows, row, lo=int(chain.busy), key=lambda one: one.version)
        self._held.add(row.id)
        self._chars += len(row.body)
        if not chain.busy and chain.rows[0] is row:
            self._schedule(row.call_id)

    def _schedule(self, call_id: str) -> None:
        chain = self._chains[call_id]
        if chain.rows:
            head = chain.rows[0]
            heap = self._ringing if head.step in URGENT else self._waiting
            heappush(heap, (_due_at(head), head.created_at, call_id))
        else:
            del self._chains[call_id]

    def _let_go(self, row: OutboxRow) -> None:
        self._held.discard(row.id)
        self._chars -= len(row.body)

    def _remember(self, row_id: str) -> None:
        if row_id in self._recent:
            return
        self._recent.add(row_id)
        self._recent_order.append(row_id)
        if len(self._recent_order) > RECENT:
            self._recent.discard(self._recent_order.popleft())


def _due_at(row: OutboxRow) -> float:
    """A row that was never tried is due once it stands first, however long the one before took."""
    return row.next_at if row.attempts else 0.0
