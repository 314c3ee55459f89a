"""Bearer tokens: one of the settings, or a pair that rotates. Nothing is sent without one."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from calltrackd.crm.client import Client
from calltrackd.crm.oauth import Pair, Tokens
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import Failing, Unknown

Exchange = Callable[[str], Awaitable[Pair]]
"""A refresh token (or a code) for a new pair. Raises Trouble."""


class Login(Protocol):
    """Bearer tokens. Both raise Trouble, but never Unknown: without a token nothing is sent."""

    async def token(self) -> str:
        """The one to be used now."""

    async def another(self, refused: str) -> str | None:
        """A new one after `refused` was answered by 401; None: there can't be any."""


class FixedToken:
    """A token from the settings."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """That of the settings."""
        return self._token

    async def another(self, refused: str) -> str | None:
        """None: a refused one was revoked, or is over."""
        del refused
        return None


class RotatingTokens:
    """The tokens of an OAuth application. `first`: what the settings have for the first pair."""

    def __init__(
        self, client: Client, tools: Tools, exchange: Exchange, *, first: str | None
    ) -> None:
        learn = client.secrets.add
        self._tokens = Tokens(tools.books, tools.clock, exchange, first=first, learn=learn)
        self._pairs: dict[str, Pair] = {}

    async def token(self) -> str:
        """The stored one, refreshed when its time is over."""
        return self._given(await _surely(self._tokens.pair))

    async def another(self, refused: str) -> str | None:
        """A refreshed one, the same for all who were refused."""
        pair = self._pairs.pop(refused, None)
        if pair is None:
            return await self.token()
        return self._given(await _surely(lambda: self._tokens.refused(pair)))

    def _given(self, pair: Pair) -> str:
        self._pairs = {pair.access: pair}
        return pair.access


async def _surely(pair: Callable[[], Awaitable[Pair]]) -> Pair:
    """The request that needs the token was not sent, whatever became of the refresh."""
    try:
        return await pair()
    except Unknown as lost:
        raise Failing(lost.reason, status=lost.status, after=lost.after) from lost
