"""Requests to an account: signed in, paced, and each answer judged as amoCRM means it.

400 is told by fields, 401 is answered by one refresh, 402 and 403 bar us for long (repeated abuse
blocks the whole address), 404 on reading is nothing, 204 an empty list, 504 wants shorter pages.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from calltrackd.crm.amocrm.login import LongLived, OAuth
from calltrackd.crm.bearer import Login
from calltrackd.crm.client import Answer, Client, by_status
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Failing, Permanent, Trouble, Unknown
from calltrackd.settings.crm import AmocrmTarget

PAGE = 50
"""Entities a page: what the vendor advises; 250 are allowed."""
LONGEST = 250
SHORTER = {LONGEST: PAGE, PAGE: 10, 10: 5}

Entity = dict[str, Any]


class Api:
    """One account. Every method raises Trouble."""

    def __init__(self, settings: AmocrmTarget, tools: Tools) -> None:
        self._url = settings.url
        limiter = Limiter(tools.clock, rate=settings.rate, burst=1)
        self._client = Client(settings, limiter, tools.clock, judge=self._judged)
        self._login: Login = (
            LongLived(settings.secret.get_secret_value())
            if settings.client_id is None
            else OAuth(settings, self._client, tools)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """What is there; None for nothing (204, 404)."""
        try:
            return await self._ask("GET", path, params=params)
        except Permanent as refused:
            if refused.status == 404:
                return None
            raise

    async def post(self, path: str, body: Any, *, urgent: bool = False) -> Any:
        """The answer to something new."""
        return await self._ask("POST", path, json=body, urgent=urgent)

    async def patch(self, path: str, body: Any) -> Any:
        """The answer to a change."""
        return await self._ask("PATCH", path, json=body)

    async def create(self, path: str, kind: str, body: Entity) -> Entity:
        """A new entity as the CRM tells of it. Bodies are lists, so one may be refused in a 200."""
        return _made(await self.post(path, [{**body, "request_id": "0"}]), kind)

    async def listed(
        self, path: str, kind: str, params: Mapping[str, str] | None = None, *, limit: int = LONGEST
    ) -> list[Entity]:
        """The first page of a list."""
        return embedded(await self.get(path, {**(params or {}), "limit": str(limit)}), kind)

    async def pages(
        self, path: str, kind: str, params: Mapping[str, str] | None = None, *, limit: int = PAGE
    ) -> AsyncIterator[list[Entity]]:
        """All pages of a list, shorter ones when the CRM can't manage (504)."""
        skip = 0
        while True:
            given = {**(params or {}), "limit": str(limit), "page": str(skip // limit + 1)}
            try:
                answer = await self.get(path, given)
            except Failing as failing:
                if failing.status != 504 or limit not in SHORTER:
                    raise
                limit = SHORTER[limit]
                continue
            page = embedded(answer, kind)
            if page:
                yield page
            if len(page) < limit:
                return
            skip += limit

    async def _ask(self, verb: str, path: str, **given: Any) -> Any:
        token = await self._login.token()
        try:
            return await self._sent(verb, path, token, given)
        except AuthFailed as refused:
            fresh = await self._login.another(token) if refused.status == 401 else None
            if fresh is None:
                raise
        return await self._sent(verb, path, fresh, given)

    async def _sent(self, verb: str, path: str, token: str, given: Mapping[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._client.ask(verb, f"{self._url}{path}", headers=headers, **given)

    def _judged(self, answer: Answer) -> None:
        if answer.status == 202 and not answer.body.strip():
            return
        if answer.status == 400:
            said = self._client.scrubbed(_words(answer.value)) or answer.told
            raise Permanent(f"{answer.where} answered 400", status=400, detail=said)
        by_status(answer)


def embedded(answer: Any, kind: str) -> list[Entity]:
    """The entities of an answer; none of an empty one."""
    try:
        return list(answer["_embedded"][kind]) if answer else []
    except (KeyError, TypeError):
        return []


def _made(answer: Any, kind: str) -> Entity:
    """The one entity of an answer to a list of one."""
    if made := embedded(answer, kind):
        return made[0]
    errors = answer.get("errors") if isinstance(answer, dict) else None
    raise _refused(errors) if errors else Unknown(f"an answer without {kind}")


def _refused(errors: Any) -> Trouble:
    return Permanent("refused inside a 200", status=200, detail=_said(errors))


def _said(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) else errors
    if not isinstance(first, dict):
        return str(first)
    return " ".join(str(first[key]) for key in ("path", "title", "detail", "code") if key in first)


def _words(value: Any) -> str:
    """A refusal's own words: `validation-errors` by path, else its title and detail."""
    if not isinstance(value, dict):
        return ""
    listed = value.get("validation-errors") or []
    errors = [error for one in listed for error in one.get("errors", [])]
    return "; ".join(map(_said, errors)) or _said(value)
