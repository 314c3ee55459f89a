"""HubSpot: what the rest of the house asks of it."""

from collections.abc import AsyncIterator
from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.hubspot import inbox
from calltrackd.crm.hubspot.account import Account
from calltrackd.crm.hubspot.api import Api
from calltrackd.crm.hubspot.checking import Checks
from calltrackd.crm.hubspot.clients import Clients, Made
from calltrackd.crm.hubspot.deals import Deals
from calltrackd.crm.hubspot.traces import Traces
from calltrackd.crm.hubspot.writing import Writing
from calltrackd.crm.leads.match import chosen
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.returns.ports import Posted, Told
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.crm.trouble import NotYet
from calltrackd.model.deal import Deal
from calltrackd.settings.crm import HubspotTarget

MARGIN_S = 2.0
"""Seconds after the longest request in which reading by a unique property shows what it did."""
LAG_S = 20.0
"""The same of the search index."""


class Hubspot:
    """One account."""

    def __init__(self, target: CrmTarget, settings: HubspotTarget, tools: Tools) -> None:
        self._settings = settings
        self.settles_s = settings.timeout_s + MARGIN_S
        self._clock = tools.clock
        self._api = Api(settings, tools)
        self._account = Account(self._api, tools.clock)
        self._clients = Clients(settings, self._api)
        self._traces = Traces(settings, self._api)
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
        """Client, deal, task, the call's entry: what this step owes."""
        await self._writing.perform(event, desk)

    async def find(self, name: str, event: Event, desk: Desk, begun_at: float) -> Any:
        """What became of a contact, deal or task whose answer was lost."""
        if name == "contact":
            return await self._clients.made_for(str(event.record.caller))
        if name == "deal":
            return await self._traces.deal(event.record.id)
        rest = begun_at + self._settings.timeout_s + LAG_S - self._clock.now()
        if rest > 0:
            raise NotYet("the search index has to see the task first", after=rest)
        wish = self._writing.wish(event, desk)
        return None if wish is None else await self._traces.task(event, wish)

    async def responsible(self, phone: str) -> Person | None:
        """Whose client has the number (E.164)."""
        found = await self._clients.of_number(phone, Made(), urgent=True)
        return await self._writing.callers.person(chosen(found))

    async def check(self) -> list[Finding]:
        """Credentials, rights, users, fields, pipeline, webhooks."""
        return await Checks(self._settings, self._api, self._account).all()

    async def users(self) -> list[CrmUser]:
        """The account's owners."""
        return await self._account.owners()

    def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """Deals changed since then (unix seconds), the oldest change first."""
        return self._deals.changed(since)

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """A deal as it is now; leads are deals here, under either word."""
        del kind
        return await self._deals.one(deal_id)

    def verify(self, posted: Posted) -> bool:
        """Whether the app signed a webhook."""
        return inbox.is_genuine(posted, self._settings.deals.secret.get_secret_value())

    def told(self, content_type: str, body: bytes) -> Told:
        """The deals that a webhook names. ValueError: it is none of HubSpot's."""
        del content_type
        return inbox.told(body)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()


def build(target: CrmTarget, tools: Tools) -> Hubspot:
    """The connector of a target. Raises TemplateFault, or OSError for its `tls_ca`."""
    return Hubspot(target, target.settings_as(HubspotTarget), tools)
