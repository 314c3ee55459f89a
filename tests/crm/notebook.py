"""The smallest CRM with its connector: an example for those who write a real one.

The Notebook keeps contacts by phone, leads with a `marker` field, calls with a `uid`; it pops a
card, does not know idempotency, and allows 200 requests a second.
"""

from collections.abc import AsyncIterator
from typing import Any, Literal

from calltrackd.crm.client import Client
from calltrackd.crm.desk import Desk
from calltrackd.crm.event import Event
from calltrackd.crm.finding import Finding
from calltrackd.crm.limiter import Limiter
from calltrackd.crm.people import CrmUser, Person
from calltrackd.crm.target import CrmTarget
from calltrackd.crm.tools import Tools
from calltrackd.model.deal import Deal
from calltrackd.settings import CrmTarget as CrmSettings
from tests.fakes.crm_base import CrmFake, Hit, Reply


class NotebookTarget(CrmSettings):
    """Settings of the Notebook."""

    kind: Literal["notebook"] = "notebook"
    """The connector."""
    url: str
    """Where it serves."""


class NotebookFake(CrmFake):
    """The Notebook itself."""

    rate, burst = 220.0, 55
    token = "s3cr3t-token"

    async def answer(self, hit: Hit) -> Reply:
        if hit.headers.get("authorization") != f"Bearer {self.token}":
            return Reply({"error": f"no such token {hit.headers.get('authorization')}"}, 401)
        kind = hit.path.strip("/")
        if hit.verb == "GET":
            found = [e for e in self.kept[kind] if hit.query.items() <= e.items()]
            return Reply({"found": found})
        if kind == "leads" and not hit.json["title"]:
            return Reply({"error": "a lead has a title"}, 400)
        return Reply(self.keep(kind, **hit.json), 201)


class Notebook:
    """The connector."""

    def __init__(self, target: CrmTarget, tools: Tools) -> None:
        self._settings = target.settings
        assert isinstance(target.settings, NotebookTarget)
        self._url = target.settings.url
        self._client = Client(
            target.settings, Limiter(tools.clock, rate=200.0, burst=50), tools.clock
        )
        self.settles_s = target.settings.timeout_s

    async def perform(self, event: Event, desk: Desk) -> None:
        """Contact, card, lead, call: in this order, each once."""
        record = event.record
        if record.caller is None:
            return
        contact = await self._contact(record.caller, event, desk)
        if event.step == "started":
            await desk.card("pop", lambda: self._put("pops", urgent=True, phone=record.caller))
        if record.answered_at is not None:
            body = {"title": f"Call of {record.caller}", "marker": record.id, "contact": contact}
            await desk.once("lead", lambda: self._put("leads", **body), link="lead", of_client=True)
        if record.ended_at is not None:
            call = {"uid": record.id, "contact": contact, "talk_s": record.talk_s}
            await desk.once("call", lambda: self._put("calls", **call), link="call")

    async def find(self, name: str, event: Event, _desk: Desk, _begun_at: float) -> Any:
        """By phone, by our marker, by the call's uid."""
        query = {
            "contact": ("contacts", {"phone": str(event.record.caller)}),
            "lead": ("leads", {"marker": event.record.id}),
            "call": ("calls", {"uid": event.record.id}),
        }
        kind, wanted = query[name]
        return next(iter(await self._get(kind, **wanted)), None)

    async def _contact(self, phone: str, event: Event, desk: Desk) -> int:
        if "contact" in desk:
            return int(desk["contact"])
        if found := await self._get("contacts", phone=phone):
            await desk.remember("contact", found[0], links=[("contact", str(found[0]))])
        else:
            body = {"phone": phone, "name": event.record.caller_name}
            await desk.once(
                "contact", lambda: self._put("contacts", **body), link="contact", of_client=True
            )
        return int(desk["contact"])

    async def responsible(self, phone: str) -> Person | None:
        """Nobody is responsible for anything here."""
        assert phone
        return None

    async def check(self) -> list[Finding]:
        """The token."""
        await self._get("contacts", phone="0")
        return [Finding(check="credentials", severity="fine", what="the token is taken")]

    async def users(self) -> list[CrmUser]:
        """All that it has."""
        rows = await self._client.ask("GET", f"{self._url}/users", headers=self._headers)
        return [CrmUser(**row) for row in rows["found"]]

    async def changed_deals(self, since: float) -> AsyncIterator[list[Deal]]:
        """It has no deals."""
        assert since >= 0
        for none in ():
            yield none

    async def read_deal(self, deal_id: str, kind: str = "deal") -> Deal | None:
        """It has none."""
        assert deal_id
        assert kind
        return None

    async def close(self) -> None:
        """Connections."""
        await self._client.close()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._settings.secret.get_secret_value()}"}

    async def _get(self, kind: str, **query: str) -> list[int]:
        url = f"{self._url}/{kind}"
        answer = await self._client.ask("GET", url, params=query, headers=self._headers)
        return [entity["id"] for entity in answer["found"]]

    async def _put(self, kind: str, *, urgent: bool = False, **body: Any) -> int:
        url = f"{self._url}/{kind}"
        answer = await self._client.ask(
            "POST", url, json=body, headers=self._headers, urgent=urgent
        )
        return int(answer["id"])
