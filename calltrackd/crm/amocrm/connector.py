"""amoCRM and Kommo: what the rest of the house asks of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from calltrackd.crm.amocrm import inbox
from calltrackd.crm.amocrm.account import Account
from calltrackd.crm.amocrm.api import Api
from calltrackd.crm.amocrm.checking import Checks
from calltrackd.crm.amocrm.clients import Clients, Made
from calltrackd.crm.amocrm.deals import Deals
from calltrackd.crm.amocrm.traces import Traces
from calltrackd.crm.amocrm.writing import Writing
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.leads.match import chosen
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.deal import Deal
from calltrackd.settings.crm import AmocrmTarget

SETTLES_S = 15.0
"""Seconds after the longest request in which the lists surely show what it did."""


class Amocrm:
    """One account."""

    def __init__(self, target: CrmTarget, settings: AmocrmTarget, tools: Tools) -> None:
        self._settings = settings
        self.settles_s = settings.timeout_s + SETTLES_S
        self._api = Api(settings, tools)
        self._account = Account(self._api, tools.clock)
        self._clients = Clients(self._api)
        self._traces = Traces(settings, self._api, self._clients)
        self._writing = Writing(
            target,
            settings,
            tools,
            api=self._api,
            account=self._account,
            clients=self._clients,
            traces=self._traces,
        )
        self._deals = Deals(settings, target.region, self._api, self._account)

    async def perform(self, event: Event, desk: Desk) -> None:
        """Card, client, lead, task, note: what this step owes."""
        await self._writing.perform(event, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What became of a move whose answer was lost."""
        traces, writing = self._traces, self._writing
        asked: dict[str, Callable[[], Awaitable[Any]]] = {
            "contact": lambda: traces.contact(event, begun_at),
            "deal": lambda: traces.deal(event, desk, begun_at),
            "incoming": lambda: traces.incoming(event, begun_at),
            "call": lambda: traces.call(event, desk, begun_at),
            "task": lambda: traces.task(
                writing.wish(event, desk), writing.place(event, desk), begun_at
            ),
            "note": lambda: traces.call_note(event, writing.place(event, desk), begun_at),
        }
        if name in asked:
            return await asked[name]()
        return await traces.said(event, name, writing.place(event, desk), begun_at)

    async def responsible(self, phone: str) -> Person | None:
        """Whose client has the number (E.164)."""
        return await self._writing.callers.person(
            chosen(await self._clients.of_number(phone, Made()))
        )

    async def check(self) -> list[Finding]:
        """Credentials, rights, users, fields, pipeline, webhooks."""
        return await Checks(self._settings, self._api, self._account).all()

    async def users(self) -> list[CrmUser]:
        """The account's users; for an administrator's token."""
        return await self._account.users()

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Leads changed since then (unix seconds), the oldest change first."""
        return self._deals.changed(since)

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """A lead as it is now, under either word."""
        del kind
        return await self._deals.one(deal_id)

    def verify(self, posted: Posted) -> bool:
        """Whether a webhook came to the secret address."""
        return inbox.is_genuine(posted, self._settings.deals.secret.get_secret_value())

    def told(self, content_type: str, body: bytes) -> Told:
        """The leads that a webhook names. ValueError: it is none of this account's."""
        del content_type
        subdomain = (urlsplit(self._settings.url).hostname or "").partition(".")[0]
        return inbox.told(body, subdomain)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()


def build(target: CrmTarget, tools: Tools) -> Amocrm:
    """The connector of a target. Raises TemplateFault, or OSError for its `tls_ca`."""
    return Amocrm(target, target.settings_as(AmocrmTarget), tools)
