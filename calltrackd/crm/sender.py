"""Rows of a CRM through its connector: one at a time for a client, reconciled before sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from calltrackd.crm.books import Books
from calltrackd.crm.clock import Clock
from calltrackd.crm.connector import Connector
from calltrackd.crm.desk import Desk, Met
from calltrackd.crm.event import Event, event_of
from calltrackd.crm.outcome import Delivered, Failed, Late, Outcome, Refused
from calltrackd.crm.templates import TemplateFault
from calltrackd.crm.trouble import Trouble, outcome_of
from calltrackd.model.outbox import OutboxRow
from calltrackd.store.errors import StoreDown


class ConnectorSender:
    """What a lane sends through. `met`: told whose client a number is."""

    def __init__(self, connector: Connector, books: Books, clock: Clock, met: Met) -> None:
        self.connector = connector
        self._books, self._clock, self._met = books, clock, met
        self._clients: dict[str, tuple[asyncio.Lock, int]] = {}

    async def close(self) -> None:
        """Let go of connections."""
        await self.connector.close()

    async def send(self, row: OutboxRow) -> Outcome:
        """Try once. Raises nothing that is foreseen, but for cancellation."""
        try:
            event = event_of(row)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            return Refused(reason=f"the delivery's body cannot be read: {error}")
        async with self._alone(event.record.caller):
            try:
                return await self._performed(row, event)
            except TemplateFault as error:
                return Refused(reason=str(error))
            except StoreDown as error:
                return Failed(reason=f"the store is away: {error}", scope="row", unknown=True)

    async def _performed(self, row: OutboxRow, event: Event) -> Outcome:
        glance = await self._books.glance(row.call_id, event.record.caller)
        desk = Desk(
            row,
            event,
            glance,
            self._books,
            self._clock,
            settles_s=self.connector.settles_s,
            met=self._met,
        )
        try:
            await desk.reconcile(lambda name, at: self.connector.find(name, event, desk, at))
            await self.connector.perform(event, desk)
        except Trouble as trouble:
            outcome = outcome_of(trouble, row.attempts)
            unknown = isinstance(outcome, Failed) and desk.pending
            return msgspec.structs.replace(outcome, unknown=True) if unknown else outcome
        return Late() if desk.late and not desk.busy else Delivered(None)

    @asynccontextmanager
    async def _alone(self, phone: str | None) -> AsyncIterator[None]:
        """One row at a time for a number: find-or-create of two calls must not interleave."""
        if phone is None:
            yield
            return
        lock, users = self._clients.get(phone, (asyncio.Lock(), 0))
        self._clients[phone] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._clients.pop(phone)
            if users > 1:
                self._clients[phone] = lock, users - 1
