"""Requests to RetailCRM: GET with a query, POST as a form whose fields are JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from calltrackd.crm.client import Answer, Client
from calltrackd.crm.clock import Clock
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.retailcrm import answers
from calltrackd.crm.trouble import Permanent, Trouble
from calltrackd.settings.crm.retailcrm import RetailcrmTarget

Row = dict[str, Any]
PAGE = 100
"""The most that a list gives."""


class Api:
    """One account. Methods raise Trouble."""

    def __init__(self, settings: RetailcrmTarget, clock: Clock) -> None:
        self._url, self._site = settings.url, settings.site
        limiter = Limiter.in_any_second(clock, settings.rate)
        self._client = Client(settings, limiter, clock, judge=self._judge)
        self._headers = {"X-API-KEY": settings.secret.get_secret_value()}
        self._zone = ZoneInfo(settings.time_zone)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, urgent: bool = False
    ) -> Row:
        """The answer to a question, as `v5/orders`."""
        return await self._ask("GET", path, params=query, urgent=urgent)

    async def one(self, path: str, query: Mapping[str, str]) -> Row | None:
        """The same; None: there is none."""
        try:
            return await self.get(path, query)
        except Permanent as error:
            if error.status == 404:
                return None
            raise

    async def post(
        self, path: str, values: Mapping[str, Any], *, urgent: bool = False, sited: bool = False
    ) -> Row:
        """The answer to an order. `sited`: it is one shop's."""
        form = {name: msgspec.json.encode(value).decode() for name, value in values.items()}
        if sited and self._site is not None:
            form["site"] = self._site
        return await self._ask("POST", path, data=form, urgent=urgent)

    def moment(self, at: float) -> str:
        """Unix seconds as RetailCRM has them: seconds of the account's own time."""
        return f"{datetime.fromtimestamp(int(at), self._zone):%Y-%m-%d %H:%M:%S}"

    def unix(self, text: str) -> float:
        """The way back."""
        return datetime.fromisoformat(text).replace(tzinfo=self._zone).timestamp()

    async def _ask(self, verb: str, path: str, **request: Any) -> Row:
        url = f"{self._url}/api/{path}"
        told: Row = await self._client.ask(verb, url, headers=self._headers, **request)
        return told

    def _judge(self, answer: Answer) -> None:
        try:
            answers.judge(answer)
        except Trouble as trouble:
            trouble.detail = self._client.scrubbed(trouble.detail)
            raise
