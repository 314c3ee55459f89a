"""Who is responsible for a client: known at once, asked for in the background.

    known(phone) ── fresh ──────────────► the person (or: nobody)
        │ ├────── old ──────────────────► the same, and the CRM is asked again behind it
        │ └────── never asked ──────────► nothing, and the CRM is asked
        └ nobody waits longer than he says; an answer wakes those who wait

Bounded in every direction: numbers remembered, CRMs asked at once, questions that may wait. A
question beyond that is dropped and counted: the next call of that number asks it again. A CRM that
failed is left in peace for a while that grows, what was known of it stays, and nobody waits.
"""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

import msgspec
import structlog

from calltrackd.crm.backoff import pause
from calltrackd.crm.returns.ports import Found, Lookup
from calltrackd.model.person import Person

MOST_NUMBERS = 50_000
"""At 400 bytes each some 20 MB."""
MOST_AT_ONCE = 8
MOST_QUESTIONS = 500
ANSWER_S = 10.0
"""A CRM that takes longer has not answered."""

_log = structlog.get_logger(__name__)
Note = Callable[[str, str, Person | None, float], Awaitable[None]]
"""Told of each answer: phone, target, person, when (unix seconds)."""


class Guide(msgspec.Struct, frozen=True):
    """A CRM that can be asked. `wants`: whether it hears of calls on a DID (None: unknown)."""

    target: str
    lookup: Lookup
    wants: Callable[[str | None], bool]


class Patience(msgspec.Struct, frozen=True):
    """How long what is known holds, seconds."""

    fresh_s: float = 900.0
    unknown_s: float = 300.0
    """That nobody is responsible."""
    wait_s: float = 0.1
    """How long calls that begin wait for CRMs that were never asked."""


class Tally(msgspec.Struct):
    """What happened since the start."""

    hits: int = 0
    """Known at once, also that there is nobody."""
    misses: int = 0
    asked: int = 0
    failed: int = 0
    dropped: int = 0


class _Entry(msgspec.Struct):
    """What one CRM said of one number."""

    person: Person | None
    at: float


class _Manners(msgspec.Struct):
    """How one CRM is asked."""

    gate: asyncio.Semaphore
    failures: int = 0
    peace_until: float = 0.0
    trouble: str = ""


async def _forgets(_phone: str, _target: str, _person: Person | None, _at: float) -> None:
    """For those who keep nothing."""


class People:
    """The cache. `adopt` the CRMs; `close` ends what is being asked. Numbers are E.164."""

    def __init__(
        self,
        patience: Patience | None = None,
        *,
        note: Note = _forgets,
        clock: Callable[[], float] = time.time,
        most_numbers: int = MOST_NUMBERS,
    ) -> None:
        self._patience = patience or Patience()
        self._note = note
        self._clock = clock
        self._most_numbers = most_numbers
        self._guides: dict[str, Guide] = {}
        self._known: OrderedDict[str, dict[str, _Entry]] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._manners: dict[str, _Manners] = {}
        self.tally = Tally()

    def __len__(self) -> int:
        """Numbers that are remembered."""
        return len(self._known)

    @property
    def asks(self) -> bool:
        """There is a CRM that can be asked."""
        return bool(self._guides)

    def adopt(self, guides: Iterable[Guide], patience: Patience | None = None) -> None:
        """CRMs to be asked from now on, the first one that knows somebody counts."""
        self._guides = {guide.target: guide for guide in guides}
        self._patience = patience or self._patience

    def recall(self, known: Iterable[tuple[str, Person, float]]) -> None:
        """What was known before a restart: (phone, person, looked at), the oldest first."""
        for phone, person, at in known:
            self.found(person.target, phone, person, at)

    def met(self, target: str, phone: str, found: Found | None) -> None:
        """A connector learnt it beside its own work."""
        self.found(target, phone, _person(target, found), self._clock())

    def found(self, target: str, phone: str, person: Person | None, at: float) -> None:
        """A CRM said it at `at` (unix seconds), whoever asked."""
        entries = self._known.setdefault(phone, {})
        entries[target] = _Entry(person, at)
        self._known.move_to_end(phone)
        while len(self._known) > self._most_numbers:
            self._known.popitem(last=False)

    def known(self, phone: str, did: str | None = None) -> Person | None:
        """The person as known now. What is not known, or old, is asked for meanwhile."""
        guides = self._for(did)
        if not guides:
            return None
        unasked = self._unasked(phone, guides)
        self._ask(phone, did)
        if unasked:
            self.tally.misses += 1
        else:
            self.tally.hits += 1
        return self._best(phone, guides)

    async def person(self, phone: str, did: str | None, patience_s: float) -> Person | None:
        """The same, waiting up to `patience_s` seconds for CRMs that were never asked."""
        found = self.known(phone, did)
        if found is None:
            await self._wait({phone: did}, patience_s)
            found = self._best(phone, self._for(did))
        return found

    async def prepare(self, wanted: Mapping[str, str | None]) -> None:
        """Have these asked for (phone -> DID), and wait for them all a little."""
        for phone, did in wanted.items():
            self._ask(phone, did)
        await self._wait(wanted, self._patience.wait_s)

    async def _wait(self, wanted: Mapping[str, str | None], patience_s: float) -> None:
        waits = [
            task
            for phone, did in wanted.items()
            for task in self._worth_waiting(phone, self._for(did))
        ]
        if waits and patience_s > 0:
            await asyncio.wait(waits, timeout=patience_s)

    def age_s(self, phone: str, target: str) -> float | None:
        """Seconds since that CRM was asked; None: never."""
        entry = self._known.get(phone, {}).get(target)
        return None if entry is None else max(0.0, self._clock() - entry.at)

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- what is known

    def _for(self, did: str | None) -> list[Guide]:
        return [guide for guide in self._guides.values() if guide.wants(did)]

    def _best(self, phone: str, guides: Iterable[Guide]) -> Person | None:
        """The first with an extension, else the first."""
        entries = self._known.get(phone, {})
        found = [entries[guide.target].person for guide in guides if guide.target in entries]
        people = [person for person in found if person is not None]
        reached = [person for person in people if person.extension is not None]
        return next(iter(reached or people), None)

    def _unasked(self, phone: str, guides: Iterable[Guide]) -> list[str]:
        entries = self._known.get(phone, {})
        return [guide.target for guide in guides if guide.target not in entries]

    def _is_old(self, phone: str, target: str) -> bool:
        entry = self._known.get(phone, {}).get(target)
        if entry is None:
            return True
        holds_s = self._patience.unknown_s if entry.person is None else self._patience.fresh_s
        return self._clock() - entry.at >= holds_s

    # -- asking

    def _ask(self, phone: str, did: str | None) -> None:
        for guide in self._for(did):
            key = phone, guide.target
            if key in self._asking or not self._is_old(phone, guide.target):
                continue
            if len(self._asking) >= MOST_QUESTIONS or self._is_in_peace(guide.target):
                self.tally.dropped += 1
                continue
            task = asyncio.create_task(self._learn(phone, guide), name=f"who {guide.target}")
            self._asking[key] = task
            task.add_done_callback(partial(self._asked, key))

    def _asked(self, key: tuple[str, str], _done: asyncio.Task[None]) -> None:
        self._asking.pop(key, None)

    def _worth_waiting(self, phone: str, guides: Iterable[Guide]) -> list[asyncio.Task[None]]:
        asked = [(phone, target) for target in self._unasked(phone, guides)]
        return [self._asking[key] for key in asked if key in self._asking]

    def _manners_of(self, target: str) -> _Manners:
        return self._manners.setdefault(target, _Manners(asyncio.Semaphore(MOST_AT_ONCE)))

    def _is_in_peace(self, target: str) -> bool:
        return self._clock() < self._manners_of(target).peace_until

    async def _learn(self, phone: str, guide: Guide) -> None:
        """Ask one CRM; what fails is told once and asked again by a later call."""
        manners = self._manners_of(guide.target)
        async with manners.gate:
            self.tally.asked += 1
            try:
                async with asyncio.timeout(ANSWER_S):
                    found = await guide.lookup.responsible(phone)
            except Exception as error:  # noqa: BLE001 - border: a call without a name beats no call
                self._fail(guide.target, manners, error)
                return
        manners.failures, manners.trouble = 0, ""
        now, person = self._clock(), _person(guide.target, found)
        self.found(guide.target, phone, person, now)
        await self._keep(phone, guide.target, person, now)

    async def _keep(self, phone: str, target: str, person: Person | None, at: float) -> None:
        try:
            await self._note(phone, target, person, at)
        except Exception as error:  # noqa: BLE001 - border: it is known here, if not after a restart
            _log.warning("responsible.unnoted", target=target, error=error)

    def _fail(self, target: str, manners: _Manners, error: Exception) -> None:
        self.tally.failed += 1
        manners.failures += 1
        chance = random.random()  # noqa: S311 - jitter, no secret
        manners.peace_until = self._clock() + pause(manners.failures, chance)
        reason = str(error) or type(error).__name__
        if reason != manners.trouble:
            _log.warning("responsible.unanswered", target=target, reason=reason)
        manners.trouble = reason


def _person(target: str, found: Found | None) -> Person | None:
    return None if found is None else Person(target, found.id, found.name, found.extension)
