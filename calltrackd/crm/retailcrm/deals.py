"""Orders as deals, by the history of their changes."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from calltrackd.crm.retailcrm.api import PAGE, Api, Row
from calltrackd.crm.retailcrm.statuses import Statuses
from calltrackd.model.deal import Deal, amount_of
from calltrackd.model.numbers import e164


class Deals:
    """Reads them. `region`: of numbers that people typed. Methods raise Trouble."""

    def __init__(self, api: Api, statuses: Statuses, url: str, region: str) -> None:
        self._api, self._statuses, self._url, self._region = api, statuses, url, region

    async def changed(self, since: float) -> AsyncIterator[list[Deal]]:
        """Pages of what changed since then (unix seconds), the oldest change first.

        A page of the history is told as the orders are now, with the moment of the page's change;
        orders that were deleted since are left out.
        """
        limit = {"limit": str(PAGE)}
        begin = {"filter[startDate]": self._api.moment(since)}
        while True:
            told = await self._api.get("v5/orders/history", {**limit, **begin})
            rows: list[Row] = told["history"]
            if rows:
                yield await self._deals(rows)
            if len(rows) < PAGE:
                return
            begin = {"filter[sinceId]": str(rows[-1]["id"])}

    async def read(self, deal_id: str) -> Deal | None:
        """One of them as it is now."""
        if not deal_id.isdecimal():
            return None
        told = await self._api.get("v5/orders", {"filter[ids][]": deal_id, "limit": "20"})
        rows: list[Row] = told["orders"]
        changed = {str(row["id"]): _changed(row) for row in rows}
        return (await self._told(rows, changed))[0] if rows else None

    async def _deals(self, history: Sequence[Row]) -> list[Deal]:
        changed = {str(row["order"]["id"]): row["createdAt"] for row in history if "order" in row}
        if not changed:
            return []
        query = {f"filter[ids][{n}]": order for n, order in enumerate(changed)}
        query["limit"] = str(PAGE)
        rows = (await self._api.get("v5/orders", query))["orders"]
        return await self._told(rows, changed)

    async def _told(self, rows: Sequence[Row], changed: Mapping[str, str]) -> list[Deal]:
        found = [await self._deal(row, changed[str(row["id"])]) for row in rows]
        return sorted(found, key=lambda deal: deal.changed_at)

    async def _deal(self, row: Row, changed: str) -> Deal:
        won = await self._statuses.won(row["status"])
        ended = row.get("statusUpdatedAt") if won is not None else None
        phone = e164(row["phone"], self._region) if row.get("phone") else None
        manager, customer = row.get("managerId"), (row.get("customer") or {}).get("id")
        return Deal(
            id=str(row["id"]),
            title=row.get("number"),
            pipeline=row.get("orderType"),
            stage=row["status"],
            won=won,
            amount=amount_of(row.get("totalSumm")),
            currency=row.get("currency"),
            created_at=self._api.unix(row["createdAt"]),
            changed_at=self._api.unix(changed),
            closed_at=self._api.unix(ended) if ended else None,
            contacts=[] if customer is None else [str(customer)],
            phones=[] if phone is None else [phone],
            calls=[row["externalId"]] if row.get("externalId") else [],
            responsible=None if manager is None else str(manager),
            url=f"{self._url}/orders/{row['id']}/edit",
            raw=msgspec.json.encode(row).decode(),
        )


def _changed(row: Row) -> str:
    """The newest moment that an order itself tells."""
    return str(row.get("statusUpdatedAt") or row["createdAt"])
