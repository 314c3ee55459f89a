"""RetailCRM: a call is a card, a call in its own list, and an order.

rings      card ──► look the client up ──► an order, if the policy wants one so early
answered   an order, if the policy wants one
ends       the same ──► the call with its recording ──► the card is closed ──► the task
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.leads.policy import Decision, Policy
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.retailcrm.api import PAGE, Api, Row
from calltrackd.crm.retailcrm.checks import Checks
from calltrackd.crm.retailcrm.clients import Clients
from calltrackd.crm.retailcrm.deals import Deals
from calltrackd.crm.retailcrm.statuses import Statuses
from calltrackd.crm.retailcrm.writer import Writer
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord
from calltrackd.model.deal import Deal
from calltrackd.settings.crm.retailcrm import RetailcrmTarget


def build(target: CrmTarget, tools: Tools) -> "Retailcrm":
    """The connector of one target."""
    return Retailcrm(target, target.settings_as(RetailcrmTarget), tools)


class Retailcrm:
    """One account."""

    def __init__(self, target: CrmTarget, settings: RetailcrmTarget, tools: Tools) -> None:
        self._settings = settings
        self._links = tools.links
        self.settles_s = settings.timeout_s * 2
        self._policy = Policy(target)
        self._users = Users(settings.users, settings.fallback_user)
        self._api = Api(settings, tools.clock)
        self._statuses = Statuses(self._api)
        self._clients = Clients(self._api, self._users, self._statuses)
        self._writer = Writer(settings, self._api, self._users, tools.recordings)
        self._deals = Deals(self._api, self._statuses, settings.url, target.region)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    # -- calls

    async def perform(self, event: Event, desk: Desk) -> None:
        """Card, order, call, task."""
        record = event.record
        if record.caller is None or "settled" in desk:
            return
        if self._settings.cards:
            await self._close_cards(record, desk)
            await self._show_cards(record, desk)
        if "lead" in desk and not event.missed:
            decision = None
        else:
            decision = await self._decide(record.caller, record, desk)
        if decision is not None and decision.lead is not None and "lead" not in desk:
            await self._writer.order(decision.lead, decision.client, record, desk)
        if record.ended_at is not None:
            await self._end(decision, record, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What became of a move: orders and tasks bear the call's id."""
        assert desk is not None  # noqa: S101 - RetailCRM is asked
        assert begun_at  # noqa: S101 - by id, not by time
        find = {"lead": self._writer.find_order, "task": self._writer.find_task}[name]
        return await find(event.record)

    async def _decide(self, phone: str, record: CallRecord, desk: Desk) -> Decision:
        rings = record.answered_at is None and record.ended_at is None
        found = await self._clients.find(phone, urgent=rings)
        desk.responsible(found.person)
        return self._policy.decide(record, [] if found.match is None else [found.match])

    async def _show_cards(self, record: CallRecord, desk: Desk) -> None:
        for user in self._users.ringing(record):
            shown: list[str] = desk["cards"] or []
            show = partial(self._writer.card, record, user)
            name = f"card {user} {record.version}"
            if user not in shown and await desk.card(name, show):
                await desk.remember("cards", [*shown, user])

    async def _close_cards(self, record: CallRecord, desk: Desk) -> None:
        """Of phones that stopped to ring and did not take the call."""
        shown: list[str] = desk["cards"] or []
        took = {self._users.user(operator) for operator in record.operators}
        kept = [user for user in shown if user in self._users.ringing(record) or user in took]
        if record.ended_at is None and kept != shown:
            gone = [user for user in shown if user not in kept]
            await desk.keep("cards", kept, lambda: self._writer.hang_up(record, gone))

    async def _end(self, decision: Decision | None, record: CallRecord, desk: Desk) -> None:
        await self._writer.call(record, desk)
        if users := desk["cards"]:
            await desk.keep("hung up", users, lambda: self._writer.hang_up(record, users))
        client = None if decision is None else decision.client
        if decision is not None and decision.task is not None:
            await self._writer.task(decision.task, client, record, desk)
        links = [] if client is None else [("contact", client.id)]
        await desk.remember("settled", 1, links=links)

    # -- people

    async def responsible(self, phone: str) -> Person | None:
        """Whose client the number is."""
        return await self._clients.responsible(phone)

    async def users(self) -> list[CrmUser]:
        """All users of the account; their extensions are in none of its lists."""
        found: list[CrmUser] = []
        page = 1
        while True:
            told = await self._api.get("v5/users", {"limit": str(PAGE), "page": str(page)})
            found += [_user(row) for row in told["users"]]
            if page >= told["pagination"]["totalPageCount"]:
                return found
            page += 1

    async def check(self) -> list[Finding]:
        """Key, shop, users, statuses."""
        return await Checks(self._settings, self._api, self._statuses, links=self._links).all()

    # -- deals

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Orders."""
        return self._deals.changed(since)

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """One of them; RetailCRM has no leads."""
        return await self._deals.read(deal_id) if kind == "deal" else None


def _user(row: Row) -> CrmUser:
    name = " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)
    return CrmUser(
        id=str(row["id"]),
        name=name or row["email"],
        email=row.get("email"),
        active=row.get("active", True),
    )
