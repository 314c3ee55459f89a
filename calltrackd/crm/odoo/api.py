"""Calls of Odoo's methods: `POST /json/2/MODEL/METHOD` with named arguments."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.clock import Clock
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.odoo import answers
from calltrackd.crm.trouble import Failing, Trouble
from calltrackd.settings.crm import OdooTarget

SPACE = "__calltrackd__"
"""The module of our external ids; no module of that name is ever installed or removed."""
Domain = list[Any]
Row = dict[str, Any]


class Api:
    """One database. Methods raise Trouble."""

    def __init__(self, settings: OdooTarget, clock: Clock) -> None:
        self._url = settings.url
        limiter = Limiter.in_any_second(clock, settings.rate)
        self._client = Client(settings, limiter, clock)
        self._headers = {
            "Authorization": f"bearer {settings.secret.get_secret_value()}",
            "X-Odoo-Database": settings.database,
        }

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def call(
        self,
        model: str,
        method: str,
        *,
        reads: bool = False,
        urgent: bool = False,
        answer_s: float | None = None,
        **given: Any,
    ) -> Any:
        """What the method returns. `answer_s`: seconds for a request that takes long."""
        about = partial(answers.judge, of_records=bool(given.get("ids")))
        return await self._asked(
            "POST",
            f"{self._url}/json/2/{model}/{method}",
            judge=about,
            reads=reads,
            urgent=urgent,
            answer_s=answer_s,
            json=given,
        )

    async def version(self) -> int:
        """The number before the first dot."""
        answer = await self._asked("GET", f"{self._url}/web/version", judge=by_status)
        return int(answer["version_info"][0])

    async def find(
        self,
        model: str,
        domain: Domain,
        fields: list[str],
        *,
        limit: int = 100,
        order: str = "id",
        urgent: bool = False,
    ) -> list[Row]:
        """Records as rows; a reference is `[id, name]`, what is empty is False."""
        rows = await self.call(
            model, "search_read", reads=True, urgent=urgent,
            domain=domain, fields=fields, limit=limit, order=order,
        )  # fmt: skip
        if not isinstance(rows, list):
            raise Failing("Odoo answered a search with something else")
        return rows

    async def load(
        self,
        model: str,
        name: str,
        values: Mapping[str, Any],
        *,
        answer_s: float | None = None,
        **context: Any,
    ) -> int:
        """Make or change the record of our external id `name`; its id.

        `values`: by the names of Odoo's import: `user_id/.id` is a reference by id, `user_id/id` by
        external id, `user_id` by name.
        """
        fields = ["id", *values]
        row = [f"{SPACE}.{name}", *map(_cell, values.values())]
        answer = await self.call(
            model, "load", answer_s=answer_s, fields=fields, data=[row], context=context
        )
        try:
            return answers.loaded(answer)
        except Trouble as trouble:
            trouble.detail = self._client.scrubbed(trouble.detail)
            raise

    async def write(self, model: str, record: int, values: Mapping[str, Any]) -> None:
        """Change one record."""
        await self.call(model, "write", ids=[record], vals=dict(values))

    async def _asked(
        self, verb: str, url: str, *, judge: Callable[[Answer], None], **request: Any
    ) -> Any:
        def scrubbing(answer: Answer) -> None:
            try:
                judge(answer)
            except Trouble as trouble:
                trouble.detail = self._client.scrubbed(trouble.detail)
                raise

        return await self._client.ask(verb, url, headers=self._headers, judge=scrubbing, **request)


def _cell(value: Any) -> str:
    """A value as Odoo's import reads it: text, with nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(map(_cell, value))
    return str(value)
