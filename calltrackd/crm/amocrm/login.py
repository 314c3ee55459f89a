"""By what amoCRM knows us: a long-lived token, or the pair of an OAuth integration.

A long-lived token is never refreshed. An OAuth pair rotates with each refresh; the settings' code
(of the integration's page) or refresh token makes the first one.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.oauth import Pair, Tokens
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing, Unknown
from calltrackd.settings.crm import AmocrmTarget

PATH = "/oauth2/access_token"


class Login(Protocol):
    """Bearer tokens. Both raise Trouble, but never Unknown: without a token nothing is sent."""

    async def token(self) -> str:
        """The one to be used now."""

    async def another(self, refused: str) -> str | None:
        """A new one after `refused` was answered by 401; None: there can't be any."""


class LongLived:
    """A token from the settings."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """That of the settings."""
        if not self._token:
            raise AuthFailed("the target has no secret: give its long-lived token")
        return self._token

    async def another(self, refused: str) -> str | None:
        """None: a refused one was revoked, or is over."""
        del refused
        return None


class OAuth:
    """The tokens of an integration."""

    def __init__(self, settings: AmocrmTarget, client: Client, tools: Tools) -> None:
        self._settings, self._client, self._clock = settings, client, tools.clock
        self._code = settings.code.get_secret_value()
        self._tokens = Tokens(
            tools.books,
            tools.clock,
            self._exchange,
            first=settings.refresh_token.get_secret_value() or self._code or None,
            learn=client.secrets.add,
        )
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

    async def _exchange(self, token: str) -> Pair:
        """A refresh token, or the settings' code, for a new pair."""
        kind = "authorization_code" if token == self._code else "refresh_token"
        body = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.secret.get_secret_value(),
            "redirect_uri": self._settings.redirect_uri,
            "grant_type": kind,
            "code" if token == self._code else kind: token,
        }
        url = f"{self._settings.url}{PATH}"
        answer = await self._client.ask("POST", url, json=body, urgent=True, judge=_judged)
        return self._pair(answer)

    def _pair(self, answer: Any) -> Pair:
        try:
            return Pair(
                access=answer["access_token"],
                refresh=answer["refresh_token"],
                expires_at=self._clock.now() + float(answer["expires_in"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Unknown("an answer without tokens to a refresh") from error


def _judged(answer: Answer) -> None:
    if answer.status in {400, 401}:
        raise AuthFailed(f"{answer.where} refuses the token", status=answer.status)
    by_status(answer)


async def _surely(pair: Callable[[], Awaitable[Pair]]) -> Pair:
    """The request that needs the token was not sent, whatever became of the refresh."""
    try:
        return await pair()
    except Unknown as lost:
        raise Failing(lost.reason, status=lost.status, after=lost.after) from lost
