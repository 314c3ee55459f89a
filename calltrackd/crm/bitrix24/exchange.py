"""A refresh token for a new pair of tokens, at the vendor's server.

Access lasts an hour, refresh 180 days, and each refresh token is good once. The pair has no end
here: it is over when the portal says so, for applications that refresh by a timer get blocked.
"""

from calltrackd.crm.bitrix24 import answers
from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.oauth import Pair
from calltrackd.crm.trouble import AuthFailed, Permanent, Unknown
from calltrackd.settings.crm.bitrix24 import Bitrix24Target

KEPT = ("user_id", "domain", "member_id")


class Exchange:
    """Call it with a refresh token. Raises Trouble; AuthFailed when somebody has to log in."""

    def __init__(self, settings: Bitrix24Target, client: Client) -> None:
        self._settings, self._client = settings, client

    async def __call__(self, token: str) -> Pair:
        """The new pair."""
        settings = self._settings
        value = await self._client.ask(
            "GET",
            f"{settings.oauth_url}/oauth/token/",
            params={
                "grant_type": "refresh_token",
                "client_id": settings.client_id or "",
                "client_secret": settings.secret.get_secret_value(),
                "refresh_token": token,
            },
            reads=False,
            judge=_judge,
        )
        about = {key: value[key] for key in KEPT if key in value}
        return Pair(access=value["access_token"], refresh=value["refresh_token"], about=about)


def _judge(answer: Answer) -> None:
    value = answer.value
    if isinstance(value, dict) and "error" in value:
        trouble = answers.trouble_of(answer, value)
        if isinstance(trouble, Permanent):
            raise AuthFailed(trouble.reason, status=answer.status, detail=trouble.detail)
        raise trouble
    by_status(answer)
    if not isinstance(value, dict) or not {"access_token", "refresh_token"} <= value.keys():
        raise Unknown(f"{answer.where} answered {answer.status} without tokens")
