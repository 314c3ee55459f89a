"""What a CRM target knows, in the daemon's own store, written before it is relied upon."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from calltrackd.model.call import CallRecord
from calltrackd.model.outbox import OutboxRow
from calltrackd.store import calls, links, memos, outbox, transcripts
from calltrackd.store.engine import Store
from calltrackd.store.links import Link
from calltrackd.store.transcripts import Stored


class Intent(msgspec.Struct, frozen=True):
    """A request that was begun at `at` (unix seconds), and of whose end nothing is known."""

    name: str
    at: float
    link: str | None = None
    """The kind of entity whose id the result is."""


class CallMemo(msgspec.Struct):
    """What a target knows of a call."""

    results: dict[str, Any] = {}
    """What was done or found, by name: the id that the CRM gave, or any JSON."""
    intent: Intent | None = None
    """The move that was begun last, while its end is not known."""
    cards: list[str] = []
    """Cards that were shown or hidden: once each, whatever came of it."""


class ClientMemo(msgspec.Struct):
    """What a target knows of a client's number."""

    known: dict[str, Any] = {}
    """By the connector's own names."""
    begun: dict[str, float] = {}
    """Calls that began to make something of this client, and when (unix seconds)."""


class Glance(msgspec.Struct):
    """All that is read before a row is worked on."""

    memo: CallMemo
    client: ClientMemo


class Books:
    """The books of one target. Every method raises StoreDown when the store is away."""

    def __init__(self, store: Store, target: str, clock: Callable[[], float] = time.time) -> None:
        self._store, self._target, self._clock = store, target, clock

    async def glance(self, call_id: str, phone: str | None) -> Glance:
        """What is known of a call and its client (E.164; None: nothing is known of the hidden)."""
        async with self._store.read() as conn:
            call = await memos.get(conn, self._target, "call", call_id)
            client = None
            if phone is not None:
                client = await memos.get(conn, self._target, "phone", phone)
        return Glance(
            msgspec.json.decode(call, type=CallMemo) if call else CallMemo(),
            msgspec.json.decode(client, type=ClientMemo) if client else ClientMemo(),
        )

    async def record(self, call_id: str) -> CallRecord | None:
        """The call as it is now, without tags, deals and people; None: it was forgotten."""
        async with self._store.read() as conn:
            return await calls.saved(conn, call_id)

    async def save(
        self,
        row: OutboxRow,
        memo: CallMemo,
        client: tuple[str, ClientMemo] | None = None,
        new_links: Sequence[Link] = (),
    ) -> None:
        """Write memos and links in one transaction; a memo with an intent marks its row `sending`.

        `client`: the number and what is known of it. Nothing is written for a row that is gone.
        """
        sending = memo.intent is not None
        value = msgspec.json.encode(memo).decode()
        about = (client[0], msgspec.json.encode(client[1]).decode()) if client else None
        now, target = self._clock(), self._target

        async def work(conn: Any) -> None:
            if await outbox.show(conn, row.id) is None:
                return  # the client was forgotten meanwhile
            await memos.put(conn, target, "call", row.call_id, value=value, at=now)
            if about is not None:
                await memos.put(conn, target, "phone", about[0], value=about[1], at=now)
            await links.add(conn, new_links)
            if sending:
                await outbox.intend(conn, row.id)

        await self._store.writer.submit(work)

    async def note(self, key: str) -> Any:
        """What the target knows of itself under `key`, such as its tokens; None: nothing."""
        async with self._store.read() as conn:
            found = await memos.get(conn, self._target, "target", key)
        return None if found is None else msgspec.json.decode(found)

    async def put_note(self, key: str, value: Any) -> None:
        """Write it, durably, before this returns."""
        text, now = msgspec.json.encode(value).decode(), self._clock()
        await self._store.writer.submit(
            lambda conn: memos.put(conn, self._target, "target", key, value=text, at=now)
        )

    async def transcripts(self, call_id: str) -> list[Stored]:
        """What was said in a call, masked as it may be stored, in the order of time."""
        async with self._store.read() as conn:
            return await transcripts.of_call(conn, call_id)
