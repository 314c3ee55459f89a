"""Works on the inbox of one target: what the webhooks point at is read again by the API.

    inbox (waiting) ──► which deals? ──► read each of them once ──► one transaction: deals, calls,
                            │                    │                  outbox, and these rows are done
                            └ can't be read      └ fails: the rows wait, later and later
                              ──► set aside        one deal can't be read: its rows alone are aside

A flood of webhooks of one deal is one question. What comes twice or in the wrong order changes
nothing, for what counts is the answer to the question, which is younger than all of them.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

import structlog
from msgspec.structs import replace

from calltrackd.crm.returns import troubles
from calltrackd.crm.returns.origin import Keeper, Origin
from calltrackd.crm.returns.ports import Told
from calltrackd.crm.trouble import Permanent
from calltrackd.model.deal import Deal, DealKind
from calltrackd.store import inbox
from calltrackd.store.engine import Store
from calltrackd.store.errors import StoreDown
from calltrackd.store.inbox import Posting

AT_ONCE = 200
"""Webhooks a transaction."""
ASKED = 10
"""Deals a transaction: at two questions a second nobody waits long for the first."""
IDLE_S = 30.0
RETRY_S = 1.0
GIVE_UP_S = 72 * 3600.0
"""A webhook that could not be worked on for so long is set aside: polls have seen its deal."""

_log = structlog.get_logger(__name__)
Read = tuple[Posting, Told]
Key = tuple[DealKind, str]


class Reader:
    """`run` in a task, `wake` when a webhook was stored."""

    def __init__(
        self,
        origin: Origin,
        store: Store,
        keep: Keeper,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._store = store
        self._keep = keep
        self._clock = clock
        self._wake = asyncio.Event()
        self._trouble = ""

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. What is under way then is done again after the next start."""
        while True:
            self._wake.clear()
            try:
                pause = await self.once()
            except StoreDown as error:
                self._tell(f"the store is away: {error}")
                pause = RETRY_S
            except Exception:  # noqa: BLE001 - border: other targets go on, and this one later
                _log.exception("inbox.failed", target=self._origin.target)
                pause = IDLE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def once(self) -> float:
        """Work on what is due; seconds until there is more. Raises StoreDown."""
        target, now = self._origin.target, self._clock()
        async with self._store.read() as conn:
            rows = await inbox.due(conn, target, now, AT_ONCE)
        if rows:
            await self._work(rows)
            return 0.0
        async with self._store.read() as conn:
            due = await inbox.next_at(conn, target)
        return IDLE_S if due is None else min(max(due - self._clock(), 0.01), IDLE_S)

    async def _work(self, rows: Sequence[Posting]) -> None:
        told, unreadable = self._heard(rows)
        if unreadable:
            await self._settle(unreadable)
        for batch in _batches(told):
            await self._read(batch)

    def _heard(self, rows: Sequence[Posting]) -> tuple[list[Read], list[Posting]]:
        """What the webhooks say, and those that say nothing that can be understood."""
        told: list[Read] = []
        unreadable: list[Posting] = []
        for row in rows:
            try:
                told.append((row, self._understood(row)))
            except Exception as error:  # noqa: BLE001 - border: strange bodies break no others
                unreadable.append(self._aside(row, error))
        return told, unreadable

    def _understood(self, row: Posting) -> Told:
        if self._origin.inbox is None:
            raise Permanent("the target takes no webhooks any more")
        return self._origin.inbox.told(row.content_type, row.body)

    async def _read(self, batch: Sequence[Read]) -> None:
        """Ask for the deals of the batch and commit them."""
        read_at = self._clock()
        try:
            found, refused = await self._found(batch)
        except Exception as error:  # noqa: BLE001 - border: whatever it was, the rows are kept
            await self._settle([self._later(row, error) for row, _ in batch])
            self._tell(troubles.text(error))
        else:
            self._trouble = ""
            await self._commit(batch, found, refused, read_at)

    async def _found(self, batch: Sequence[Read]) -> tuple[list[Deal], dict[Key, Permanent]]:
        """The deals, and those that can't ever be read."""
        found = [deal for _, told in batch for deal in told.deals]
        refused: dict[Key, Permanent] = {}
        for key in dict.fromkeys(key for _, told in batch for key in told.keys):
            try:
                deal = await self._asked(key)
            except Permanent as error:
                refused[key] = error
            else:
                found += [] if deal is None else [deal]
        return found, refused

    async def _asked(self, key: Key) -> Deal | None:
        if self._origin.deals is None:
            raise Permanent("the target can't read deals")
        kind, deal_id = key
        return await self._origin.deals.read_deal(deal_id, kind)

    async def _commit(
        self,
        batch: Sequence[Read],
        found: Sequence[Deal],
        refused: Mapping[Key, Permanent],
        read_at: float,
    ) -> None:
        """All at once, or, where one deal can't be kept, each webhook by itself."""
        looked = [self._looked(row, told, refused) for row, told in batch]
        try:
            settle = partial(inbox.settle, looked=looked)
            await self._keep(self._origin, found, "webhook", read_at, settle)
        except StoreDown:
            raise
        except Exception as error:  # noqa: BLE001 - border: a deal that can't be kept harms no other
            if len(batch) == 1:
                await self._settle([self._aside(batch[0][0], error)])
                return
            for one in batch:
                await self._read([one])

    # -- the rows

    async def _settle(self, rows: Sequence[Posting]) -> None:
        await self._store.writer.submit(partial(inbox.settle, looked=rows))

    def _looked(self, row: Posting, told: Told, refused: Mapping[Key, Permanent]) -> Posting:
        errors = [refused[key] for key in told.keys if key in refused]
        if errors:
            return self._aside(row, errors[0])
        return replace(row, state="done", done_at=self._clock(), error=None)

    def _aside(self, row: Posting, error: Exception) -> Posting:
        reason = troubles.text(error)
        _log.warning("inbox.aside", target=row.target, row=row.id, reason=reason)
        return replace(row, state="aside", done_at=self._clock(), error=reason)

    def _later(self, row: Posting, error: Exception) -> Posting:
        now = self._clock()
        age_s = now - row.received_at
        if age_s >= GIVE_UP_S:
            return self._aside(row, error)
        return replace(
            row,
            attempts=row.attempts + 1,
            next_at=now + troubles.wait_s(error, age_s),
            error=troubles.text(error),
        )

    def _tell(self, reason: str) -> None:
        if reason != self._trouble:
            _log.warning("inbox.waits", target=self._origin.target, reason=reason)
        self._trouble = reason


def _batches(told: Sequence[Read]) -> Iterator[list[Read]]:
    """Webhooks in turn, of no more deals together than ASKED, unless one alone has more."""
    batch: list[Read] = []
    keys: set[Key] = set()
    for row, what in told:
        if batch and len(keys | set(what.keys)) > ASKED:
            yield batch
            batch, keys = [], set()
        batch.append((row, what))
        keys |= set(what.keys)
    if batch:
        yield batch
