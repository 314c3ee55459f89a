"""Requests to an account: signed in, paced by two buckets, each part of a batch judged alone.

Searches go through a client of their own, since their limit is another one: a pause of theirs holds
nobody else up, a pause of the app holds for both.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from calltrackd.crm.client import Answer, Client
from calltrackd.crm.hubspot.limits import judged, part_refused, policy_of, shares
from calltrackd.crm.hubspot.login import login_of
from calltrackd.crm.hubspot.places import Places
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import AuthFailed, Away, Failing, Limited, Unknown
from calltrackd.settings.crm import HubspotTarget

PAGE = 100
"""Entities of a page or a batch: no endpoint takes fewer."""
Entity = dict[str, Any]
Filter = dict[str, Any]


class Api:
    """One account. Every method raises Trouble."""

    def __init__(self, settings: HubspotTarget, tools: Tools) -> None:
        self._url, self._places = settings.url, Places(settings.api)
        search, other = shares(settings)
        self._limiters = [Limiter(tools.clock, one.rate, one.burst) for one in (search, other)]
        self._searching, self._client = (
            Client(settings, limiter, tools.clock, judge=self._judged) for limiter in self._limiters
        )
        self._searching.secrets = self._client.secrets
        self._login = login_of(settings, self._client, tools)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        await self._searching.close()

    # -- what is there

    async def account(self) -> Entity:
        """The account's id, currency, address."""
        return _object(await self._ask("GET", self._places.account))

    async def about(self, what: str, path: str = "") -> list[Entity]:
        """All of `owners`, `properties` or `pipelines`; a `path` begins with a slash."""
        found: list[Entity] = []
        given = {"limit": str(PAGE), "archived": "false"}
        while True:
            answer = await self._ask("GET", self._places.about(what) + path, params=given)
            found += _results(answer)
            if (after := next_of(answer)) is None:
                return found
            given["after"] = after

    async def association_types(self, kind: str, other: str) -> list[Entity]:
        """What associations from the one kind to the other there are."""
        return _results(await self._ask("GET", self._places.association_types(kind, other)))

    async def read(
        self, kind: str, ids: Iterable[str], names: Sequence[str], *, by: str | None = None
    ) -> list[Entity]:
        """Entities of these ids (or values of the unique property `by`); none for what is gone."""
        found: list[Entity] = []
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), PAGE):
            inputs = [{"id": one} for one in wanted[start : start + PAGE]]
            body: Entity = {"properties": list(names), "inputs": inputs}
            if by is not None:
                body["idProperty"] = by
            path = f"{self._places.objects(kind)}/batch/read"
            answer = await self._ask("POST", path, json=body, reads=True)
            found += [one for one in _results(answer) if not one.get("archived")]
        return found

    async def associated(self, kind: str, ids: Iterable[str], other: str) -> dict[str, list[str]]:
        """Ids of the associated entities of the kind `other`, by id; all pages of them."""
        found: dict[str, list[str]] = {}
        left: list[dict[str, str]] = [{"id": one} for one in dict.fromkeys(ids)]
        while left:
            part, left = left[:PAGE], left[PAGE:]
            path = self._places.associated(kind, other)
            answer = await self._ask("POST", path, json={"inputs": part}, reads=True)
            for one in _results(answer):
                source = str(_object(one.get("from")).get("id"))
                found.setdefault(source, []).extend(str(to["toObjectId"]) for to in one["to"])
                if (after := next_of(one)) is not None:
                    left.append({"id": source, "after": after})
        return found

    async def search(
        self, kind: str, groups: Sequence[Sequence[Filter]], names: Sequence[str], **given: Any
    ) -> tuple[list[Entity], str | None]:
        """A page of what one of the groups of filters fits, and what the next page is asked by.

        The index lags some seconds behind what was written. `urgent=True`: before others; `after`,
        `sorts`: as the API has them.
        """
        urgent = given.pop("urgent", False)
        body = {
            "filterGroups": [{"filters": list(one)} for one in groups],
            "properties": list(names),
            "limit": PAGE,
            **{name: value for name, value in given.items() if value is not None},
        }
        path = f"{self._places.objects(kind)}/search"
        answer = await self._ask(
            "POST", path, client=self._searching, json=body, reads=True, urgent=urgent
        )
        return _results(answer), next_of(answer)

    async def pages(
        self, kind: str, groups: Sequence[Sequence[Filter]], names: Sequence[str], **given: Any
    ) -> AsyncIterator[list[Entity]]:
        """All pages of a search."""
        after: str | None = None
        while True:
            page, after = await self.search(kind, groups, names, after=after, **given)
            yield page
            if after is None:
                return

    # -- what is written

    async def create(
        self, kind: str, properties: Mapping[str, Any], associations: Sequence[Entity] = ()
    ) -> str:
        """A new entity's id."""
        body: Entity = {"properties": properties}
        if associations:
            body["associations"] = list(associations)
        answer = await self._ask("POST", self._places.objects(kind), json=body)
        return _id(_object(answer))

    async def change(self, kind: str, entity: str, properties: Mapping[str, Any]) -> None:
        """Other values of some properties."""
        path = f"{self._places.objects(kind)}/{entity}"
        await self._ask("PATCH", path, json={"properties": properties})

    async def upsert(self, kind: str, by: str, value: str, properties: Mapping[str, Any]) -> str:
        """The id of the entity whose unique property `by` has the value, changed or new.

        The answer is a batch's: a part that it does not tell of is an unknown outcome.
        """
        one = {"idProperty": by, "id": value, "properties": properties}
        path = f"{self._places.objects(kind)}/batch/upsert"
        answer = await self._ask("POST", path, json={"inputs": [one]})
        if made := _results(answer):
            return _id(made[0])
        errors = _object(answer).get("errors") or [None]
        raise part_refused(errors[0])

    async def associate(self, kind: str, one: str, other_kind: str, other: str) -> None:
        """Associate two entities; they may be already."""
        await self._ask("PUT", self._places.association(kind, one, other_kind, other))

    # -- asking

    async def _ask(
        self, verb: str, path: str, *, client: Client | None = None, **given: Any
    ) -> Any:
        token = await self._login.token()
        by = client or self._client
        try:
            return await self._sent(by, verb, path, token, given)
        except AuthFailed as refused:
            fresh = await self._login.another(token) if refused.status == 401 else None
            if fresh is None:
                raise
        return await self._sent(by, verb, path, fresh, given)

    async def _sent(
        self, client: Client, verb: str, path: str, token: str, given: Mapping[str, Any]
    ) -> Any:
        """What was not taken, or may be taken twice, is sent once more at once."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._url}{path}"
        repeatable = verb != "POST" or given.get("reads") or path.endswith("/batch/upsert")
        try:
            return await client.ask(verb, url, headers=headers, **given)
        except (Away, Failing, Unknown) as trouble:
            if trouble.after is not None or not (repeatable or isinstance(trouble, Away)):
                raise
        return await client.ask(verb, url, headers=headers, **given)

    def _judged(self, answer: Answer) -> None:
        try:
            judged(answer)
        except Limited as limited:
            if limited.after is not None and policy_of(answer) != "SECONDLY":
                for limiter in self._limiters:
                    limiter.pause(limited.after)
            raise


def next_of(answer: Any) -> str | None:
    """What the next page is asked by; None after the last one."""
    following = _object(_object(_object(answer).get("paging")).get("next"))
    after = following.get("after")
    return None if after is None else str(after)


def _results(answer: Any) -> list[Entity]:
    found = _object(answer).get("results")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _id(made: Entity) -> str:
    if not made.get("id"):
        raise Unknown("an answer without the id of what was made")
    return str(made["id"])


def _object(value: Any) -> Entity:
    return value if isinstance(value, dict) else {}
