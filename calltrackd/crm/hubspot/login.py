"""By what HubSpot knows us: a private app's token, or an OAuth app's pair.

Access tokens live for half an hour and say so (`expires_in`), which is what we go by; a 401 makes
one refresh, no more.
"""

from calltrackd.crm.bearer import FixedToken, Login, RotatingTokens
from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.oauth import Pair
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Unknown
from calltrackd.settings.crm import HubspotTarget

PATH = "/oauth/v1/token"


class OAuth(RotatingTokens):
    """The tokens of an OAuth app."""

    def __init__(self, settings: HubspotTarget, client: Client, tools: Tools) -> None:
        self._settings, self._client, self._clock = settings, client, tools.clock
        first = settings.refresh_token.get_secret_value() or None
        super().__init__(client, tools, self._exchange, first=first)

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


def login_of(settings: HubspotTarget, client: Client, tools: Tools) -> Login:
    """The one that the settings name."""
    if settings.client_id is None:
        return FixedToken(settings.secret.get_secret_value())
    return OAuth(settings, client, tools)
