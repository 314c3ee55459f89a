"""OAuth tokens that rotate: written before they are used, refreshed by one at a time.

A refresh whose answer was lost may have consumed the old token. So the pair of before is kept, the
refresh is tried once more with it, and when that is refused somebody has to log in again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from calltrackd.crm.books import Books
from calltrackd.crm.clock import Clock
from calltrackd.crm.trouble import AuthFailed, Permanent, Trouble, Unknown

NOTE = "tokens"
MARGIN_S = 30.0
"""A token that dies within this is dead: the request has to get there first."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the CRM gave them. `expires_at`: unix seconds by our clock; None: not told."""

    access: str
    refresh: str
    expires_at: float | None = None
    about: dict[str, Any] = {}
    """What came with them and must be kept, such as the account's host."""


Refresh = Callable[[str], Awaitable[Pair]]
"""Exchange a refresh token for a new pair. Raises Trouble."""


class Tokens:
    """The tokens of one target.

    `first`: the refresh token of the settings, taken while nothing is stored; another one there
    later (somebody logged in again) is taken when the stored one is refused. `learn` is told of
    every token, so that none is ever shown.
    """

    def __init__(
        self,
        books: Books,
        clock: Clock,
        refresh: Refresh,
        *,
        first: str | None,
        learn: Callable[[str], None],
    ) -> None:
        self._books, self._clock, self._refresh = books, clock, refresh
        self._first, self._learn = first, learn
        self._pair: Pair | None = None
        self._lock = asyncio.Lock()
        if first:
            learn(first)

    async def pair(self) -> Pair:
        """Tokens that should do; refreshed when they are known to be over. Raises Trouble."""
        async with self._lock:
            pair = self._pair or await self._stored()
            if pair is None or self._is_over(pair):
                pair = await self._renewed(pair)
            return pair

    async def refused(self, pair: Pair) -> Pair:
        """The CRM says that `pair` is over: a new one, made by whoever comes first."""
        async with self._lock:
            now = self._pair
            if now is not None and now.access != pair.access:
                return now
            return await self._renewed(now)

    def _is_over(self, pair: Pair) -> bool:
        return pair.expires_at is not None and pair.expires_at - MARGIN_S <= self._clock.now()

    async def _stored(self) -> Pair | None:
        found = await self._books.note(NOTE)
        return None if found is None else self._taken(msgspec.convert(found, Pair))

    def _taken(self, pair: Pair) -> Pair:
        for token in (pair.access, pair.refresh):
            self._learn(token)
        self._pair = pair
        return pair

    async def _renewed(self, old: Pair | None) -> Pair:
        """A new pair; that of another process (`calltrackd crm check`), where it was quicker."""
        stored = await self._stored()
        if stored is not None and old is not None and stored.access != old.access:
            return stored
        pair = await self._exchanged(old.refresh if old else None)
        await self._books.put_note(NOTE, msgspec.to_builtins(pair))
        return self._taken(pair)

    async def _exchanged(self, token: str | None) -> Pair:
        """By the stored token, and by that of the settings where it is another one."""
        offered = [one for one in dict.fromkeys((token, self._first)) if one]
        refused: Trouble | None = None
        for one in offered:
            try:
                return await self._twice(one)
            except (AuthFailed, Permanent) as error:
                refused = error
        said = f": {refused.reason}" if refused else ""
        raise AuthFailed(f"log in anew, there is no refresh token that is taken{said}")

    async def _twice(self, token: str) -> Pair:
        try:
            return await self._refresh(token)
        except Unknown:
            return await self._refresh(token)
