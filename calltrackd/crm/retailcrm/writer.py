"""What a call makes in RetailCRM: an order, a task, and the call itself."""

from typing import Any

from calltrackd.crm.desk import Desk
from calltrackd.crm.leads.match import Match
from calltrackd.crm.leads.policy import LeadWish, TaskWish
from calltrackd.crm.retailcrm.api import Api, Row
from calltrackd.crm.tools import RecordingLinks
from calltrackd.crm.trouble import Failing, Permanent, Unknown
from calltrackd.crm.users import Users
from calltrackd.model.call import CallRecord, Outcome, Source
from calltrackd.settings.crm.retailcrm import RetailcrmTarget

RESULTS: dict[Outcome, str] = {
    "answered": "answered", "voicemail": "no answer", "abandoned": "no answer",
    "no_answer": "no answer", "busy": "busy", "rejected": "busy", "failed": "failed",
}  # fmt: skip
HANGUPS = {"no answer": "no answered", "unknown": "no answered"}
"""What cards call otherwise than calls."""


class Writer:
    """Makes each once. Methods raise Trouble."""

    def __init__(
        self, settings: RetailcrmTarget, api: Api, users: Users, recordings: RecordingLinks | None
    ) -> None:
        self._settings, self._api, self._users = settings, api, users
        self._recordings = recordings if settings.recordings else None

    # -- cards

    async def card(self, record: CallRecord, user: str) -> None:
        """The client's card at one user."""
        way = "out" if record.direction == "outbound" else "in"
        await self._event(record, way, [user])

    async def hang_up(self, record: CallRecord, users: list[str]) -> None:
        """Close the cards."""
        result = _result(record)
        await self._event(record, "hangup", users, hangupStatus=HANGUPS.get(result, result))

    async def _event(self, record: CallRecord, kind: str, users: list[str], **more: str) -> None:
        event = _given(
            phone=record.caller,
            type=kind,
            userIds=[_id(user) for user in users],
            externalPhone=record.did,
            callExternalId=record.id,
            site=self._settings.site,
            **more,
        )
        await self._api.post("v5/telephony/call/event", {"event": event}, urgent=kind != "hangup")

    # -- orders

    async def order(
        self, wish: LeadWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """The order of a call, under the call's id."""
        manager = (client and client.responsible) or self._users.responsible(record)
        order = _given(
            externalId=record.id,
            phone=record.caller,
            firstName=None if client else record.caller_name,
            customer=None if client is None else {"id": _id(client.id)},
            managerId=_id(manager),
            orderMethod=self._settings.order_method,
            managerComment=wish.title,
            source=_source(record.source),
        )
        values = {"order": {**order, **wish.fields, "externalId": record.id}}

        async def create() -> str:
            try:
                told = await self._api.post("v5/orders/create", values, sited=True)
            except Permanent:
                there = await self.find_order(record)
                if there is None:
                    raise
                return there
            return _made(told)

        await desk.once("lead", create, link="deal", of_client=True)

    async def find_order(self, record: CallRecord) -> str | None:
        """The order that the call made."""
        query = {"by": "externalId"}
        if self._settings.site is not None:
            query["site"] = self._settings.site
        told = await self._api.one(f"v5/orders/{record.id}", query)
        return None if told is None else str(told["order"]["id"])

    # -- tasks

    async def task(
        self, wish: TaskWish, client: Match | None, record: CallRecord, desk: Desk
    ) -> None:
        """A task of the client's manager, or of whoever comes next."""
        performer = (client and client.responsible) or self._users.responsible(record)
        if performer is None:
            raise Permanent("a task of RetailCRM needs a user: set fallback_user")
        task = _given(
            text=f"{wish.title} {_marker(record)}",
            datetime=self._api.moment(wish.due_at)[:16],
            performerId=_id(performer),
            phone=record.caller,
            phoneSite=self._settings.site,
            order={"id": _id(desk["lead"])} if "lead" in desk else None,
        )
        create = {"task": task}

        async def post() -> str:
            return _made(await self._api.post("v5/tasks/create", create, sited=True))

        await desk.once("task", post, link="task")

    async def find_task(self, record: CallRecord) -> str | None:
        """The task that the call made, by the call's id in its text."""
        query = {"filter[text]": _marker(record), "limit": "20"}
        tasks = (await self._api.get("v5/tasks", query))["tasks"]
        return next((str(one["id"]) for one in tasks if _marker(record) in one["text"]), None)

    # -- the call

    async def call(self, record: CallRecord, desk: Desk) -> None:
        """The call in RetailCRM's own list; the same again is told there as a double."""
        call = _given(
            date=self._api.moment(record.started_at),
            type="out" if record.direction == "outbound" else "in",
            phone=record.caller,
            userId=_id(self._users.responsible(record)),
            result=_result(record),
            duration=round(record.talk_s),
            durationWaiting=round(record.total_wait_s),
            externalId=record.id,
            externalPhone=record.did,
            recordUrl=self._link(record),
            site=self._settings.site,
            source=_source(record.source),
        )

        async def upload() -> str:
            told = await self._api.post("v5/telephony/calls/upload", {"calls": [call]})
            doubles = told.get("duplicateCalls") or []
            if not told.get("processedCallsCount") and record.id not in doubles:
                raise Failing("RetailCRM left the call out")
            return record.id

        await desk.safe("call", upload, link="call")

    def _link(self, record: CallRecord) -> str | None:
        """To the first recording: a call of RetailCRM has one."""
        if self._recordings is None:
            return None
        links = (self._recordings.link(record.id, one.path) for one in record.recordings)
        return next((link for link in links if link is not None), None)


def _marker(record: CallRecord) -> str:
    return f"[{record.id}]"


def _made(told: Row) -> str:
    if not told.get("id"):
        raise Unknown("RetailCRM answered without the id of what it made")
    return str(told["id"])


def _result(record: CallRecord) -> str:
    return RESULTS.get(record.outcome, "unknown")


def _source(source: Source) -> dict[str, str] | None:
    return (
        _given(
            source=source.source,
            medium=source.medium,
            campaign=source.campaign,
            keyword=source.term,
            content=source.content,
        )
        or None
    )


def _id(given: Any) -> int | str | None:
    """Ids are numbers there."""
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
