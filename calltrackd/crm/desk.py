"""Where a connector works on one row: every move is done once, whatever happens in between.

    once    intention written ─► done ─► result written ─► next move
                  │               │ the answer was lost, or we died
                  │               ▼
                  └──► next attempt of the call: after `settles_s` the connector's `find` asks the
                       CRM; what is there is the result, what is not there is done again

So moves that must not be doubled go through `once`, those that may be repeated through `safe` or
`keep`, cards through `card`. Results last as long as the call: a row of a later step finds all that
was done before, and does what earlier rows could not.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from calltrackd.crm.books import Books, Glance, Intent
from calltrackd.crm.clock import Clock
from calltrackd.crm.event import Event
from calltrackd.crm.people import Person
from calltrackd.crm.trouble import NotYet, Trouble, Unknown
from calltrackd.model.call import ringing
from calltrackd.model.outbox import OutboxRow
from calltrackd.store.links import Link
from calltrackd.store.transcripts import Stored

Do = Callable[[], Awaitable[Any]]
Met = Callable[[str, Person | None], None]
"""Told whose client a number (E.164) is, as soon as a connector learns it."""


class Desk:
    """One attempt of one row. Its methods raise what the moves raise, and StoreDown."""

    def __init__(
        self,
        row: OutboxRow,
        event: Event,
        glance: Glance,
        books: Books,
        clock: Clock,
        *,
        settles_s: float,
        met: Met,
    ) -> None:
        self.event = event
        self._row, self._books, self._clock, self._met = row, books, clock, met
        self._memo, self._client = glance.memo, glance.client
        self._settles_s = settles_s
        self.late = False
        """A card came too late."""
        self.busy = False
        """Something was done or written."""

    # -- what is known

    def __getitem__(self, name: str) -> Any:
        """The result of a move of this call, None when it was not done."""
        return self._memo.results.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._memo.results

    @property
    def pending(self) -> bool:
        """A move was begun, and what became of it is not known."""
        return self._memo.intent is not None

    @property
    def client(self) -> Mapping[str, Any]:
        """What is known of the client's number, by the connector's own names."""
        return self._client.known

    async def transcripts(self) -> list[Stored]:
        """What was said in the call, masked as it may be stored."""
        return await self._books.transcripts(self._row.call_id)

    # -- moves

    async def once(
        self, name: str, do: Do, *, link: str | None = None, of_client: bool = False
    ) -> Any:
        """The move's result; done now if it never was. For what must not be doubled.

        `link`: the result is the id of an entity of that kind, which holds the call. `of_client`:
        it makes something of the client's number (contact, lead), so two calls must not do it at
        once: raises NotYet while it is not known what became of the other one's.
        """
        if name in self._memo.results:
            return self._memo.results[name]
        now = self._clock.now()
        if of_client:
            self._wait_for_others(now)
            self._client.begun[self._row.call_id] = now
        self._memo.intent = Intent(name, now, link)
        await self._save()
        try:
            value = await do()
        except Unknown:
            raise
        except Trouble:
            await self._settle_intent()
            raise
        await self.remember(name, value, links=_linked(link, value))
        return value

    async def safe(self, name: str, do: Do, *, link: str | None = None) -> Any:
        """The move's result; done now if it is not known. For what may be done twice."""
        if name not in self._memo.results:
            value = await do()
            await self.remember(name, value, links=_linked(link, value))
        return self._memo.results[name]

    async def keep(self, name: str, wanted: Any, do: Do) -> None:
        """Have the CRM show `wanted` (any JSON): `do`, unless that was the last thing shown."""
        if self._memo.results.get(name) != wanted:
            await do()
            await self.remember(name, wanted)

    async def card(self, name: str, do: Do, *, repeatable: bool = False) -> bool:
        """Show a card, only while it rings as this row says. False: it was too late for that.

        `name` is shown once a call. What is not `repeatable` and has an unknown outcome is not
        tried again.
        """
        if name in self._memo.cards:
            return True
        if not await self._rings():
            self.late = True
            return False
        self._memo.cards.append(name)
        if not repeatable:
            await self._save()
        try:
            await do()
        except Unknown:
            if repeatable:
                self._memo.cards.remove(name)
                raise
        except Trouble:
            self._memo.cards.remove(name)
            if not repeatable:
                await self._save()
            raise
        if repeatable:
            await self._save()
        return True

    async def remember(
        self, name: str, value: Any, *, links: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Write down a result or a finding of the call. `links`: (kind, id) that hold the call."""
        self._memo.results[name] = value
        await self._settle_intent(links)

    async def know(self, name: str, value: Any) -> None:
        """Write down something of the client's number; None: it does not hold any more."""
        if self._client.known.get(name) == value:
            return
        if value is None:
            del self._client.known[name]
        else:
            self._client.known[name] = value
        await self._save()

    def responsible(self, person: Person | None) -> None:
        """Whose client it is, as the CRM just said."""
        if self.event.record.caller is not None:
            self._met(self.event.record.caller, person)

    # -- what became of a move

    async def reconcile(self, find: Callable[[str, float], Awaitable[Any]]) -> None:
        """Ask the CRM what became of a move whose end is not known. `find(name, begun_at)`."""
        intent = self._memo.intent
        if intent is None:
            return
        rest = intent.at + self._settles_s - self._clock.now()
        if rest > 0:
            raise NotYet(f"what became of {intent.name} shows in a moment", after=rest)
        value = await find(intent.name, intent.at)
        if value is None:
            await self._settle_intent()
        else:
            await self.remember(intent.name, value, links=_linked(intent.link, value))

    def _wait_for_others(self, now: float) -> None:
        others = [at for call, at in self._client.begun.items() if call != self._row.call_id]
        rest = max(others, default=0.0) + self._settles_s - now
        if rest > 0:
            raise NotYet("another call of this client is being written", after=rest)

    async def _settle_intent(self, links: Iterable[tuple[str, str]] = ()) -> None:
        self._memo.intent = None
        self._client.begun.pop(self._row.call_id, None)
        await self._save(links)

    async def _save(self, links: Iterable[tuple[str, str]] = ()) -> None:
        self.busy = True
        now, row = self._clock.now(), self._row
        made = [Link(row.target, kind, remote_id, row.call_id, now) for kind, remote_id in links]
        phone = self.event.record.caller
        client = (phone, self._client) if phone is not None else None
        await self._books.save(row, self._memo, client, made)

    async def _rings(self) -> bool:
        """Some phone of those that this row tells of still rings; of none: nobody picked up."""
        now = await self._books.record(self._row.call_id)
        if now is None or now.ended_at is not None:
            return False
        if rung := ringing(self.event.record):
            return not set(rung).isdisjoint(ringing(now))
        return now.answered_at is None


def _linked(kind: str | None, value: Any) -> list[tuple[str, str]]:
    return [] if kind is None or value is None else [(kind, str(value))]
