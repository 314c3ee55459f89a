"""Records of EspoCRM: `/api/v1/ENTITY` and `/api/v1/ENTITY/ID`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from calltrackd.crm.client import Answer, Client
from calltrackd.crm.clock import Clock
from calltrackd.crm.espocrm import answers
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.trouble import Failing, Trouble
from calltrackd.settings.crm.espocrm import EspocrmTarget

MOST = 200
"""Records of one list; EspoCRM refuses to give more (`recordListMaxSizeLimit`)."""
Row = dict[str, Any]
Where = dict[str, Any]


class Api:
    """One EspoCRM. Methods raise Trouble."""

    def __init__(self, settings: EspocrmTarget, clock: Clock) -> None:
        self._url = f"{settings.url}/api/v1"
        limiter = Limiter.in_any_second(clock, settings.rate)
        self._client = Client(settings, limiter, clock)
        self._headers = {"X-Api-Key": settings.secret.get_secret_value()}
        self._me: str | None = None

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def account(self) -> Row:
        """The API user: `user`, and under `acl` what he may do."""
        told = await self._ask("GET", "App/user")
        if not isinstance(told, dict) or "user" not in told:
            raise Failing("EspoCRM did not tell who the API user is")
        self._me = str(told["user"]["id"])
        return told

    async def me(self) -> str:
        """The API user's own id."""
        if self._me is None:
            await self.account()
        return str(self._me)

    async def metadata(self, key: str) -> Any:
        """A part of what EspoCRM knows of itself, as `entityDefs.Lead.fields`; None: not there."""
        told = await self._ask("GET", "Metadata", params={"key": key})
        if isinstance(told, dict) and "entityDefs" in told:
            for part in key.split("."):  # before version 7 the key was not looked at
                told = told.get(part) if isinstance(told, dict) else None
        return told

    async def find(
        self,
        entity: str,
        where: Sequence[Where],
        select: Sequence[str],
        *,
        order: str = "createdAt",
        way: str = "asc",
        most: int = MOST,
        offset: int = 0,
        urgent: bool = False,
    ) -> list[Row]:
        """Records as rows, deleted ones and those that the role hides left out."""
        search = {
            "where": list(where),
            "select": ["id", *select],
            "orderBy": order,
            "order": way,
            "maxSize": most,
            "offset": offset,
        }
        told = await self._ask(
            "GET",
            entity,
            params={"searchParams": msgspec.json.encode(search).decode()},
            headers={"X-No-Total": "true"},
            urgent=urgent,
        )
        return answers.rows(told)

    async def create(self, entity: str, values: Mapping[str, Any], *, urgent: bool = False) -> str:
        """A new record's id. EspoCRM's own check for doubles, by name and address, is left out."""
        told = await self._ask(
            "POST",
            entity,
            json=dict(values),
            headers={"X-Skip-Duplicate-Check": "true"},
            urgent=urgent,
        )
        return answers.made(told)

    async def change(self, entity: str, record: str, values: Mapping[str, Any]) -> None:
        """Change one record."""
        await self._ask("PUT", f"{entity}/{record}", of_record=True, json=dict(values))

    async def _ask(
        self,
        verb: str,
        path: str,
        *,
        of_record: bool = False,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Any:
        judge = partial(self._judge, of_record=of_record)
        given = {**self._headers, **(headers or {})}
        url = f"{self._url}/{path}"
        return await self._client.ask(verb, url, headers=given, judge=judge, **request)

    def _judge(self, answer: Answer, *, of_record: bool) -> None:
        try:
            answers.judge(answer, of_record=of_record)
        except Trouble as trouble:
            trouble.detail = self._client.scrubbed(trouble.detail)
            raise


def equals(attribute: str, value: Any) -> Where:
    """The attribute is that."""
    return {"type": "equals", "attribute": attribute, "value": value}


def among(attribute: str, values: Sequence[str]) -> Where:
    """The attribute is one of those."""
    return {"type": "in", "attribute": attribute, "value": list(values)}


def since(attribute: str, moment: str) -> Where:
    """That moment or later."""
    return {"type": "greaterThanOrEquals", "attribute": attribute, "value": moment}


def either(*parts: Where) -> Where:
    """One of them at least."""
    return {"type": "or", "value": list(parts)}
