"""Opportunities as deals, with the leads and contacts that they came of."""

from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec

from calltrackd.crm.espocrm.api import MOST, Api, Row, Where, among, equals, since
from calltrackd.crm.espocrm.moments import moment, unix
from calltrackd.crm.espocrm.stages import Stages
from calltrackd.model.deal import Deal, amount_of
from calltrackd.model.numbers import e164

PAGE = 100
SELECT = [
    "name", "stage", "amount", "amountCurrency", "closeDate", "createdAt", "modifiedAt",
    "assignedUserId", "accountId", "contactsIds",
]  # fmt: skip


class Deals:
    """Reads them. `region`: of numbers that people typed. Methods raise Trouble."""

    def __init__(self, api: Api, stages: Stages, url: str, region: str) -> None:
        self._api, self._stages, self._url, self._region = api, stages, url, region

    async def changed(self, begin: float) -> AsyncIterator[list[Deal]]:
        """Pages of what changed since then (unix seconds), the oldest change first.

        EspoCRM keeps whole seconds, and what changes meanwhile moves to the end: a page begins at
        the second in which the last one ended (told twice is harmless), and a second that fills a
        page (an import, a mass update) is read through by id.
        """
        start = moment(begin)
        while True:
            rows = await self._page([since("modifiedAt", start)], "modifiedAt")
            if rows:
                yield await self._deals(rows)
            if len(rows) < PAGE:
                return
            last = str(rows[-1]["modifiedAt"])
            if last == start:
                async for page in self._within(start):
                    yield page
                last = moment(unix(start) + 1)
            start = last

    async def read(self, deal_id: str) -> Deal | None:
        """One of them as it is now."""
        if not deal_id.isalnum():
            return None
        rows = await self._page([equals("id", deal_id)], "id")
        return (await self._deals(rows))[0] if rows else None

    async def _within(self, second: str) -> AsyncIterator[list[Deal]]:
        behind: list[Where] = []
        while rows := await self._page([equals("modifiedAt", second), *behind], "id"):
            yield await self._deals(rows)
            behind = [{"type": "greaterThan", "attribute": "id", "value": rows[-1]["id"]}]

    async def _page(self, where: Sequence[Where], order: str) -> list[Row]:
        return await self._api.find("Opportunity", where, SELECT, order=order, most=PAGE)

    async def _deals(self, rows: Sequence[Row]) -> list[Deal]:
        leads = await self._leads([row["id"] for row in rows])
        phones = await self._phones({one for row in rows for one in _contacts(row)})
        return [await self._deal(row, leads.get(row["id"], []), phones) for row in rows]

    async def _leads(self, deals: Sequence[str]) -> dict[str, list[Row]]:
        """Deal -> the leads that became it."""
        found: dict[str, list[Row]] = {}
        where = [among("createdOpportunityId", deals)]
        for row in await self._api.find("Lead", where, ["createdOpportunityId", "phoneNumber"]):
            found.setdefault(row["createdOpportunityId"], []).append(row)
        return found

    async def _phones(self, contacts: Iterable[str]) -> dict[str, str]:
        """Contact -> his number as it was typed."""
        ids, found = sorted(contacts), dict[str, str]()
        for n in range(0, len(ids), PAGE):
            where = [among("id", ids[n : n + PAGE])]
            rows = await self._api.find("Contact", where, ["phoneNumber"], most=MOST)
            found |= {row["id"]: row["phoneNumber"] for row in rows if row.get("phoneNumber")}
        return found

    async def _deal(self, row: Row, leads: Sequence[Row], phones: dict[str, str]) -> Deal:
        won = await self._stages.won(row["stage"])
        typed = [phones.get(one) for one in _contacts(row)]
        typed += [lead.get("phoneNumber") for lead in leads]
        numbers = [e164(one, self._region) for one in typed if one]
        closed = None if won is None else row.get("closeDate")
        account = row.get("accountId")
        return Deal(
            id=row["id"],
            title=row.get("name"),
            stage=row["stage"],
            won=won,
            amount=amount_of(row.get("amount")),
            currency=row.get("amountCurrency"),
            created_at=unix(row["createdAt"]),
            changed_at=unix(row["modifiedAt"]),
            closed_at=unix(closed) if closed else None,
            contacts=[*_contacts(row), *([account] if account else [])],
            leads=[lead["id"] for lead in leads],
            phones=list(dict.fromkeys(one for one in numbers if one is not None)),
            responsible=row.get("assignedUserId"),
            url=page_of(self._url, "Opportunity", row["id"]),
            raw=msgspec.json.encode(row).decode(),
        )


def page_of(url: str, entity: str, record: str) -> str:
    """Where a person looks at a record."""
    return f"{url}/#{entity}/view/{record}"


def _contacts(row: Row) -> list[str]:
    found: list[str] = row.get("contactsIds") or []
    return found
