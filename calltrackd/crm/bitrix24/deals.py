"""Deals and leads as the portal has them, and those that changed.

Pages by number lose items: one that changes while we read goes to the end and moves the others up.
So each page begins where the last one ended, by time of change and id.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from calltrackd.crm.bitrix24 import words
from calltrackd.crm.bitrix24.answers import Absent, listing, mapping
from calltrackd.crm.bitrix24.matches import CONTACT, TYPES, Item, items, moment
from calltrackd.crm.bitrix24.portal import Portal
from calltrackd.model.deal import Deal, DealKind, amount_of
from calltrackd.model.numbers import e164

PAGE = 50
KINDS: tuple[DealKind, ...] = ("deal", "lead")
WON = {"S": True, "F": False}
"""Groups of stages; all others are in progress."""


class Deals:
    """Raises Trouble. `region`: for phones in national form."""

    def __init__(self, portal: Portal, region: str) -> None:
        self._portal, self._region = portal, region

    async def changed(self, since: float) -> AsyncIterator[list[Deal]]:
        """Pages of what changed since then (unix seconds), the oldest change first."""
        streams = [_Stream(self._portal, kind, since) for kind in KINDS]
        while True:
            for stream in streams:
                await stream.fill()
            ready = [stream for stream in streams if stream.left]
            if not ready:
                return
            until = min((one.last for one in ready if not one.over), default=float("inf"))
            found = [(kind, item) for one in ready for kind, item in one.taken(until)]
            found.sort(key=lambda one: moment(one[1].get("updatedTime")) or 0.0)
            if found:
                yield await self._told(found)

    async def read(self, deal_id: str, kind: DealKind) -> Deal | None:
        """One as it is now; None: it is not there."""
        params = {"entityTypeId": TYPES[kind], "id": int(deal_id)}
        try:
            result = await self._portal.call("crm.item.get", params, reads=True)
        except Absent:
            return None
        (deal,) = await self._told([(kind, mapping(mapping(result).get("item")))])
        return deal

    async def _told(self, found: list[tuple[DealKind, Item]]) -> list[Deal]:
        contacts = dict.fromkeys(one for _, item in found for one in _contacts(item))
        phones = await self._phones(list(contacts)[:PAGE]) if contacts else {}
        address = await self._portal.address()
        return [self._deal(kind, item, phones, address) for kind, item in found]

    async def _phones(self, contacts: list[str]) -> dict[str, list[str]]:
        """Contact -> numbers; they come only when all fields are asked for."""
        params = {"entityTypeId": CONTACT, "filter": {"@id": [int(one) for one in contacts]}}
        result = await self._portal.call("crm.item.list", params, reads=True)
        return {str(item["id"]): self._numbers(item) for item in items(result)}

    def _numbers(self, item: Item) -> list[str]:
        fields = map(mapping, listing(item.get("fm")))
        told = [str(one.get("value")) for one in fields if one.get("typeId") == "PHONE"]
        found = [e164(one, self._region) for one in told]
        return list(dict.fromkeys(one for one in found if one is not None))

    def _deal(self, kind: DealKind, item: Item, phones: dict[str, list[str]], address: str) -> Deal:
        contacts = _contacts(item)
        numbers = [one for contact in contacts for one in phones.get(contact, [])]
        won = WON.get(str(item.get("stageSemanticId")))
        ours = item.get("originatorId") == words.ORIGINATOR and item.get("originId")
        changed = moment(item.get("updatedTime")) or 0.0
        return Deal(
            id=str(item["id"]),
            kind=kind,
            title=item.get("title") or None,
            pipeline=_text(item, "categoryId"),
            stage=str(item.get("stageId") or ""),
            won=won,
            amount=amount_of(item.get("opportunity")),
            currency=item.get("currencyId") or None,
            created_at=moment(item.get("createdTime")),
            changed_at=changed,
            closed_at=None if won is None else _closed_at(item, changed),
            contacts=[*contacts, *_known([_text(item, "companyId")])],
            leads=_known([_text(item, "leadId")]) if kind == "deal" else [],
            phones=list(dict.fromkeys([*self._numbers(item), *numbers])),
            calls=[str(item["originId"])] if ours else [],
            responsible=_text(item, "assignedById"),
            url=f"{address}/crm/{kind}/details/{item['id']}/",
            raw=msgspec.json.encode(item).decode(),
        )


class _Stream:
    """Changed items of one kind, a page at a time."""

    def __init__(self, portal: Portal, kind: DealKind, since: float) -> None:
        self._portal, self._kind = portal, kind
        self._where: dict[str, Any] = {">=updatedTime": words.iso(since)}
        self.left: list[Item] = []
        self.last = since
        """The time of the latest one read."""
        self.over = False

    async def fill(self) -> None:
        """Read on when nothing is left."""
        while not self.left and not self.over:
            page = await self._page()
            self.left = page
            self._go_on(page)

    def taken(self, until: float) -> Iterable[tuple[DealKind, Item]]:
        """Those that changed no later than `until`."""
        now = [one for one in self.left if (moment(one.get("updatedTime")) or 0.0) <= until]
        self.left = self.left[len(now) :]
        return [(self._kind, one) for one in now]

    async def _page(self) -> list[Item]:
        params = {
            "entityTypeId": TYPES[self._kind],
            "filter": self._where,
            "order": {"updatedTime": "ASC", "id": "ASC"},
        }
        return items(await self._portal.call("crm.item.list", params, reads=True))

    def _go_on(self, page: list[Item]) -> None:
        """What is asked next: the rest of the last second, and then what came after it."""
        if page:
            self.last = moment(page[-1].get("updatedTime")) or self.last
        if len(page) >= PAGE:
            last = {"updatedTime": page[-1]["updatedTime"], ">id": int(page[-1]["id"])}
            self._where = last
        elif "updatedTime" in self._where:
            self._where = {">updatedTime": self._where["updatedTime"]}
        else:
            self.over = True


def _closed_at(item: Item, changed: float) -> float:
    """When it came to its last stage."""
    return moment(item.get("movedTime")) or moment(item.get("dateClosed")) or changed


def _contacts(item: Item) -> list[str]:
    several = [str(one) for one in listing(item.get("contactIds"))]
    return _known(dict.fromkeys([*several, _text(item, "contactId")]))


def _known(ids: Iterable[str | None]) -> list[str]:
    return [one for one in ids if one is not None]


def _text(item: Item, field: str) -> str | None:
    value = item.get(field)
    empty = (None, "") if field == "categoryId" else (None, "", 0, "0")
    return None if value in empty else str(value)
