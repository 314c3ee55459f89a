"""By what amoCRM knows us: a long-lived token, or the pair of an OAuth integration.

A long-lived token is never refreshed. An OAuth pair rotates with each refresh; the settings' code
(of the integration's page) or refresh token makes the first one.
"""

from typing import Any

from calltrackd.crm.bearer import FixedToken, RotatingTokens
from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.oauth import Pair
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Unknown
from calltrackd.settings.crm import AmocrmTarget

PATH = "/oauth2/access_token"


class LongLived(FixedToken):
    """The long-lived token of the settings."""

    async def token(self) -> str:
        """That of the settings. AuthFailed: they have none."""
        if not self._token:
            raise AuthFailed("the target has no secret: give its long-lived token")
        return self._token


class OAuth(RotatingTokens):
    """The tokens of an integration."""

    def __init__(self, settings: AmocrmTarget, client: Client, tools: Tools) -> None:
        self._settings, self._client, self._clock = settings, client, tools.clock
        self._code = settings.code.get_secret_value()
        first = settings.refresh_token.get_secret_value() or self._code or None
        super().__init__(client, tools, self._exchange, first=first)

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
