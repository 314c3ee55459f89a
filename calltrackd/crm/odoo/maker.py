"""What a call makes in Odoo: a lead, a task, or a contact for it."""

from collections.abc import Sequence
from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import Decision, LeadWish, TaskWish
from calltrackd.crm.odoo import words
from calltrackd.crm.odoo.api import Api
from calltrackd.crm.odoo.clients import moment
from calltrackd.crm.odoo.names import Names
from calltrackd.crm.odoo.place import CALL_TYPE, META, Place, place_of
from calltrackd.crm.phones import digits
from calltrackd.crm.trouble import Permanent
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord, Source
from calltrackd.settings.crm import OdooTarget

SKEW_S = 60.0
"""Between Odoo's clock and ours, at most."""
UTM = (("source_id", "utm.source"), ("medium_id", "utm.medium"), ("campaign_id", "utm.campaign"))


class Maker:
    """Makes it, under external ids of the call's own."""

    def __init__(self, settings: OdooTarget, api: Api, names: Names, users: Users) -> None:
        self._settings, self._api, self._names, self._users = settings, api, names, users

    async def lead(
        self, wish: LeadWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """The lead that a call makes. Raises Trouble."""
        if "lead" in desk:
            return
        owner = self._owner(client, record)
        if client is None or client.responsible is None:
            await desk.remember("owner", owner)
        values = await self._lead_values(wish, client, record)
        values = {"user_id/.id": owner, **values}

        async def load() -> int:
            try:
                return await self._api.load("crm.lead", f"lead_{record.id}", values)
            except Permanent:
                self._names.forget()
                raise

        await desk.once("lead", load, link="deal", of_client=True)

    async def find_lead(self, record: CallRecord, begun_at: float) -> int | None:
        """The lead of this number that is there since the call's own was begun."""
        domain = [
            ["phone", "=", record.caller],
            ["create_date", ">=", moment(begun_at - SKEW_S)],
        ]
        rows = await self._api.find("crm.lead", domain, ["id"], order="id", limit=1)
        return int(rows[0]["id"]) if rows else None

    async def _lead_values(
        self, wish: LeadWish, client: Match | None, record: CallRecord
    ) -> dict[str, Any]:
        """By the names of Odoo's import; what the settings give goes before what is ours."""
        known = client is not None and client.kind != "lead"
        ours = {
            "name": wish.title,
            "type": self._settings.lead_type,
            "phone": record.caller,
            "contact_name": None if known else record.caller_name,
            "partner_id/.id": client.id if client is not None and known else None,
            "description": words.description(record),
            **await self._utm(record.source),
        }
        given = {name.partition("/")[0] for name in wish.fields}
        kept = {
            name: value
            for name, value in ours.items()
            if value is not None and name.partition("/")[0] not in given
        }
        return {**kept, **wish.fields}

    async def _utm(self, source: Source) -> dict[str, int]:
        names = (source.source, source.medium, source.campaign)
        return {
            f"{field}/.id": await self._names.id(model, name)
            for (field, model), name in zip(UTM, names, strict=True)
            if name
        }

    def _owner(self, client: Match | None, record: CallRecord) -> str | None:
        """A known client keeps his manager, a new one gets whoever talked, or whose phone rang."""
        kept = None if client is None else client.responsible
        return kept or self._users.responsible(record)

    async def place(
        self, decision: Decision, matches: Sequence[Match], record: CallRecord, desk: Desk
    ) -> Place | None:
        """Where the ended call stands; its task is made on the way."""
        place = None if decision.client is None else place_of(decision.client)
        if "lead" in desk:
            place = Place("crm.lead", desk["lead"])
        if decision.task is None:
            return place
        if place is None and not matches:
            place = await self._of_new(decision.task, record, desk)
        at = place or place_of(min(matches, key=lambda one: one.created_at or 0.0))
        await self._task(decision, at, () if place else matches, record, desk)
        return place

    async def _of_new(self, task: TaskWish, record: CallRecord, desk: Desk) -> Place:
        """In Odoo a task needs a document: a lead, or, where no leads are made, a contact."""
        phone = str(record.caller)
        if self._settings.lead.make != "never":
            await self.lead(LeadWish(task.title), None, record, desk)
            return Place("crm.lead", desk["lead"])
        values = {"name": record.caller_name or phone, "phone": phone}
        contact = await desk.once(
            "contact",
            lambda: self._api.load("res.partner", f"client_{digits(phone)}", values),
            link="contact",
            of_client=True,
        )
        return Place("res.partner", int(contact))

    async def _task(
        self,
        decision: Decision,
        at: Place,
        matches: Sequence[Match],
        record: CallRecord,
        desk: Desk,
    ) -> None:
        """`matches`: of whom somebody has to choose."""
        task = decision.task
        assert task is not None  # noqa: S101 - the caller looked
        note = words.due(moment(task.due_at)) + (words.candidates(matches) if matches else "")
        values = {
            "res_model_id/id": META[at.model],
            "res_id": at.id,
            "activity_type_id/id": CALL_TYPE,
            "summary": task.title,
            "note": note,
            "user_id/.id": self._owner(decision.client, record),
            "date_deadline": moment(task.due_at)[:10],
        }
        await desk.safe(
            "task",
            lambda: self._api.load("mail.activity", f"task_{record.id}", values),
            link="task",
        )
