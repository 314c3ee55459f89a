"""By what HubSpot knows us: a private app's token, or an OAuth app's pair.

Access tokens live for half an hour and say so (`expires_in`), which is what we go by; a 401 makes
one refresh, no more.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.oauth import Pair, Tokens
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing, Unknown
from calltrackd.settings.crm import HubspotTarget

PATH = "/oauth/v1/token"


class Login(Protocol):
    """Bearer tokens. Both raise Trouble, but never Unknown: without a token nothing is sent."""

    async def token(self) -> str:
        """The one to be used now."""

    async def another(self, refused: str) -> str | None:
        """A new one after `refused` was answered by 401; None: there can't be any."""


class PrivateApp:
    """A token from the settings."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """That of the settings."""
        return self._token

    async def another(self, refused: str) -> str | None:
        """None: it was rotated or taken away."""
        del refused
        return None


class OAuth:
    """The tokens of an OAuth app."""

    def __init__(self, settings: HubspotTarget, client: Client, tools: Tools) -> None:
        self._settings, self._client, self._clock = settings, client, tools.clock
        self._tokens = Tokens(
            tools.books,
            tools.clock,
            self._exchange,
            first=settings.refresh_token.get_secret_value() or None,
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
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.secret.get_secret_value(),
            "refresh_token": token,
        }
        url = f"{self._settings.url}{PATH}"
        answer = await self._client.ask("POST", url, data=form, urgent=True, judge=_judged)
        try:
            return Pair(
                access=answer["access_token"],
                refresh=answer.get("refresh_token") or token,
                expires_at=self._clock.now() + float(answer["expires_in"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unknown("an answer without tokens to a refresh") from error


def _judged(answer: Answer) -> None:
    if answer.status in {400, 401}:
        raise AuthFailed(f"{answer.where} refuses the refresh token", status=answer.status)
    by_status(answer)


async def _surely(pair: Callable[[], Awaitable[Pair]]) -> Pair:
    """The request that needs the token was not sent, whatever became of the refresh."""
    try:
        return await pair()
    except Unknown as lost:
        raise Failing(lost.reason, status=lost.status, after=lost.after) from lost


def login_of(settings: HubspotTarget, client: Client, tools: Tools) -> Login:
    """The one that the settings name."""
    if settings.client_id is None:
        return PrivateApp(settings.secret.get_secret_value())
    return OAuth(settings, client, tools)
