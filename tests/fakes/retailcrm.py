"""RetailCRM as calltrackd sees it: the API v5 over lists in memory.

Shapes are those of the vendor's own client (retailcrm/api-client-php) and of its documentation:
posts are forms whose fields are JSON; too many requests are a 503, a wrong key a 403; calls with a
known external id are told as doubles, orders with one are refused; moments are the account's own.
"""

import json
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from tests.fakes.crm_base import CrmFake, Hit, Reply

Row = dict[str, Any]
ZONE = ZoneInfo("Europe/Moscow")
GROUPS = {"new": "new", "assembling": "assembling", "sold": "complete", "no-call": "cancel"}


class RetailError(Exception):
    """A refusal."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class RetailcrmFake(CrmFake):
    """One account with the shop `main`."""

    rate: ClassVar[float | None] = 10.0
    burst: ClassVar[int] = 10
    key = "s3cr3t-token"

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.sites = ["main"]
        self.events: list[Row] = []
        self.left_out = 0
        """So many calls are not processed, with a success all the same."""
        self.users = [{"id": 6, "firstName": "Olga", "email": "o@x.example", "active": True}]

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    def limited(self) -> Reply:
        return _refused(503, "API limit exceeded")

    # -- the test's hands

    def moment(self) -> str:
        """Now, in the account's own time."""
        return f"{datetime.fromtimestamp(int(self.clock()), ZONE):%Y-%m-%d %H:%M:%S}"

    def customer(self, phone: str, manager: int | None = None, **values: Any) -> Row:
        """A customer with a number."""
        return self.keep("customers", phone=phone, managerId=manager, **values)

    def order(self, at: str | None = None, **values: Any) -> Row:
        """An order, and its line in the history."""
        now = at or self.moment()
        row = self.keep(
            "orders", **{"status": "new", "createdAt": now, "currency": "RUB", **values}
        )
        self.changed(row, now)
        return row

    def changed(self, order: Row, at: str | None = None) -> None:
        """A line in the history."""
        self.keep("history", createdAt=at or self.moment(), order={"id": order["id"]})

    # -- requests

    async def answer(self, hit: Hit) -> Reply:
        if hit.headers.get("x-api-key") != self.key:
            return _refused(403, 'Wrong "apiKey" value.')
        try:
            return Reply({"success": True, **self._answered(hit)})
        except RetailError as error:
            return _refused(error.status, str(error))

    def _answered(self, hit: Hit) -> Row:
        path = hit.path.removeprefix("/api/").removeprefix("v5/")
        form = {name: _decoded(one) for name, one in parse_qsl(hit.body.decode())}
        does = {
            "credentials": self._credentials,
            "telephony/manager": self._manager,
            "telephony/call/event": self._event,
            "telephony/calls/upload": self._upload,
            "orders": self._orders,
            "orders/history": self._history,
            "orders/create": self._create,
            "tasks": self._tasks,
            "tasks/create": self._task,
            "users": self._users,
            "reference/statuses": self._statuses,
        }.get(path)
        if does is not None:
            return does({**hit.query, **form})
        return self._one(path.removeprefix("orders/"))

    def _credentials(self, _given: Row) -> Row:
        return {"credentials": ["/api/orders"], "sitesAvailable": self.sites}

    def _manager(self, given: Row) -> Row:
        assert given["details"] == given["ignoreStatus"] == "1"
        found = [
            one for one in self.kept["customers"] if one["phone"][-10:] == given["phone"][-10:]
        ]
        if not found:
            return {"links": {"newOrderLink": "https://x.example/orders/add"}}
        told: Row = {"customer": {"id": found[0]["id"], "firstName": found[0].get("firstName")}}
        if manager := found[0]["managerId"]:
            told["manager"] = {"id": manager, "firstName": "Olga", "code": "12"}
        return told

    def _event(self, given: Row) -> Row:
        self.events.append(given["event"])
        return {"notExistCodes": [], "notExistUsers": []}

    def _upload(self, given: Row) -> Row:
        if self.left_out:
            self.left_out -= 1
            return {"processedCallsCount": 0}
        (call,) = given["calls"]
        if any(one["externalId"] == call["externalId"] for one in self.kept["calls"]):
            return {"processedCallsCount": 0, "duplicateCalls": [call["externalId"]]}
        self.keep("calls", **call)
        return {"processedCallsCount": 1}

    def _orders(self, given: Row) -> Row:
        assert given["limit"] in {"20", "50", "100"}, "no other page is given"
        rows = list(reversed(self.kept["orders"]))
        if client := given.get("filter[customerId]"):
            rows = [one for one in rows if str((one.get("customer") or {}).get("id")) == client]
        ids = {one for name, one in given.items() if name.startswith("filter[ids]")}
        if ids:
            rows = [one for one in rows if str(one["id"]) in ids]
        return {"orders": rows[: int(given["limit"])]}

    def _history(self, given: Row) -> Row:
        since = int(given.get("filter[sinceId]", 0))
        begin = given.get("filter[startDate]", "")
        rows = [o for o in self.kept["history"] if o["id"] > since and o["createdAt"] >= begin]
        return {"history": rows[: int(given["limit"])]}

    def _create(self, given: Row) -> Row:
        order = given["order"]
        if len(self.sites) > 1 and given.get("site") not in self.sites:
            raise RetailError(400, "Parameter 'site' is missing")
        if any(one.get("externalId") == order["externalId"] for one in self.kept["orders"]):
            raise RetailError(400, "Order already exists.")
        if order.get("orderMethod") == "nosuch":
            raise RetailError(400, "OrderMethod with code nosuch does not exist.")
        known = [one for one in self.kept["customers"] if one["phone"] == order["phone"]]
        client = known[0] if known else self.customer(order["phone"], order.get("managerId"))
        made = self.order(**{**order, "customer": {"id": client["id"]}})
        return {"id": made["id"]}

    def _one(self, external: str) -> Row:
        for one in self.kept["orders"]:
            if one.get("externalId") == external:
                return {"order": one}
        raise RetailError(404, "Not found")

    def _tasks(self, given: Row) -> Row:
        text = given["filter[text]"]
        return {"tasks": [one for one in self.kept["tasks"] if text in one["text"]]}

    def _task(self, given: Row) -> Row:
        task = given["task"]
        if "performerId" not in task:
            raise RetailError(400, "performerId: must not be blank")
        return {"id": self.keep("tasks", **task)["id"]}

    def _users(self, given: Row) -> Row:
        page, limit = int(given["page"]), int(given["limit"])
        shown = self.users[(page - 1) * limit : page * limit]
        pages = -(-len(self.users) // limit)
        return {"users": shown, "pagination": {"currentPage": page, "totalPageCount": pages}}

    def _statuses(self, _given: Row) -> Row:
        return {"statuses": {code: {"code": code, "group": one} for code, one in GROUPS.items()}}


def _refused(status: int, text: str) -> Reply:
    return Reply({"success": False, "errorMsg": text}, status)


def _decoded(text: str) -> Any:
    return json.loads(text) if text[:1] in {"{", "["} else text
