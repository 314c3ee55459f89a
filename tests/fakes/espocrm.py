"""EspoCRM as calltrackd sees it: records in memory behind `/api/v1`.

Statuses and traps are those of its source (espocrm/espocrm 9): the reason stands in a header, the
body is a page; unknown attributes are left out silently; a list gives 200 records at most and 403
for more; records of one name are doubles (409) unless the header says otherwise; calls and tasks
need a user; names take no `<>=`; ids are EspoCRM's own, whatever was sent.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from tests.fakes.crm_base import CrmFake, Hit, Reply

Row = dict[str, Any]
OWN = {"id", "createdAt", "modifiedAt", "deleted"}
ATTRIBUTES: dict[str, set[str]] = {
    "Lead": {
        "firstName", "lastName", "phoneNumber", "source", "status", "description", "accountName",
        "assignedUserId", "assignedUserName", "createdOpportunityId", "createdContactId", "name",
        "campaignId",
    },
    "Contact": {"name", "phoneNumber", "accountId", "assignedUserId", "assignedUserName"},
    "Account": {"name", "phoneNumber", "assignedUserId", "assignedUserName"},
    "Opportunity": {
        "name", "stage", "amount", "amountCurrency", "closeDate", "accountId", "contactsIds",
        "assignedUserId", "assignedUserName", "description",
    },
    "Call": {
        "name", "status", "direction", "dateStart", "dateEnd", "description", "parentType",
        "parentId", "assignedUserId", "usersIds", "contactsIds", "leadsIds",
    },
    "Task": {
        "name", "status", "dateEnd", "description", "parentType", "parentId", "assignedUserId",
    },
    "Note": {"type", "post", "targetType", "usersIds", "parentType", "parentId"},
    "User": {"name", "userName", "emailAddress", "isActive", "type"},
}  # fmt: skip
DEFAULTS: dict[str, Row] = {
    "Lead": {"status": "New"},
    "Opportunity": {"stage": "Prospecting", "amountCurrency": "RUB"},
    "User": {"isActive": True, "type": "regular"},
}
REQUIRED = {
    "Lead": ["lastName"],
    "Opportunity": ["name", "amount", "closeDate"],
    "Call": ["name", "dateStart", "dateEnd", "assignedUserId"],
    "Task": ["name", "assignedUserId"],
    "Note": ["type", "post"],
}
SOURCES = ["", "Call", "Email", "Web Site", "Campaign", "Other"]
BOT = "api00000000000001"
OLGA = "user0000000000006"
FULL = {"create": "yes", "read": "all", "edit": "all", "delete": "no"}


class EspoError(Exception):
    """A refusal."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class EspocrmFake(CrmFake):
    """One EspoCRM with the API user and Olga."""

    rate: ClassVar[float | None] = 20.0
    """What a small server bears; calltrackd is set to 10."""
    burst: ClassVar[int] = 20
    key = "s3cr3t-token"

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.acl: Row = {
            "table": {entity: dict(FULL) for entity in ATTRIBUTES},
            "fieldTable": {},
            "assignmentPermission": "all",
            "messagePermission": "all",
        }
        self.stages: Row = {
            "options": ["Prospecting", "Negotiation", "Closed Won", "Closed Lost"],
            "probabilityMap": {
                "Prospecting": 10, "Negotiation": 80, "Closed Won": 100, "Closed Lost": 0,
            },
        }  # fmt: skip
        self.unassignable: set[str] = set()
        """Users to whom the role assigns nothing."""
        self.users = {OLGA: "Olga"}
        self.add("User", id=OLGA, name="Olga", userName="olga", emailAddress="olga@crm.example")

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    # -- the test's hands

    def add(self, entity: str, /, **values: Any) -> Row:
        """A record with its defaults."""
        now = self.moment()
        row = {**DEFAULTS.get(entity, {}), "createdAt": now, "modifiedAt": now, **values}
        row.setdefault("id", f"{len(self.kept[entity]) + 1:08x}{entity.lower():0>9}")
        if user := row.get("assignedUserId"):
            row["assignedUserName"] = self.users.get(user)
        return self.keep(entity, **row)

    def record(self, entity: str, record: str) -> Row:
        """A record by its id."""
        for row in self.kept[entity]:
            if row["id"] == record:
                return row
        raise EspoError(404, "Record does not exist.")

    def moment(self) -> str:
        """Now, as EspoCRM shows it."""
        return f"{datetime.fromtimestamp(int(self.clock()), UTC):%Y-%m-%d %H:%M:%S}"

    # -- requests

    async def answer(self, hit: Hit) -> Reply:
        try:
            return Reply(self._answered(hit))
        except EspoError as error:
            headers = {"X-Status-Reason": error.reason} if error.reason else {}
            page = {**headers, "Content-Type": "text/html"}
            return Reply(f"<h1>{error.status}</h1>".encode(), error.status, page)

    def _answered(self, hit: Hit) -> Any:
        if hit.headers.get("x-api-key") != self.key:
            raise EspoError(401)
        match hit.path.removeprefix("/api/v1/").split("/"):
            case ["App", "user"]:
                user = {"id": BOT, "userName": "calltrackd", "type": "api"}
                return {"user": user, "acl": self.acl, "settings": {}}
            case ["Metadata"]:
                return self._metadata(hit.query["key"])
            case [entity] if hit.verb == "GET":
                return self._list(entity, hit)
            case [entity]:
                return self._create(entity, hit)
            case [entity, record]:
                return self._one(entity, record, hit)
            case _:
                raise EspoError(404)

    def _metadata(self, key: str) -> Any:
        source = {"type": "enum", "options": SOURCES}
        leads = {name: {"type": "varchar"} for name in ("firstName", "lastName", "description")}
        return {
            "entityDefs.Opportunity.fields.stage": self.stages,
            "entityDefs.Lead.fields.status": {
                "notActualOptions": ["Converted", "Recycled", "Dead"]
            },
            "entityDefs.Lead.fields": {**leads, "source": source, "campaign": {"type": "link"}},
        }.get(key)

    def _allowed(self, entity: str, action: str) -> None:
        if entity not in ATTRIBUTES:
            raise EspoError(404)
        if self.acl["table"][entity].get(action) not in {"yes", "all"}:
            raise EspoError(403, f"No '{action}' access.")

    def _list(self, entity: str, hit: Hit) -> Any:
        self._allowed(entity, "read")
        search = json.loads(hit.query["searchParams"])
        if search["maxSize"] > 200:
            raise EspoError(403, "Max size should not exceed 200. Use offset and limit.")
        rows = [row for row in self.kept[entity] if all(fits(row, p) for p in search["where"])]
        rows.sort(key=lambda row: (row[search["orderBy"]], row["id"]))
        if search["order"] == "desc":
            rows.reverse()
        first = search["offset"]
        page = rows[first : first + search["maxSize"]]
        shown = [{name: row[name] for name in search["select"] if name in row} for row in page]
        for row in shown:
            if "description" in row:
                row["description"] = row["description"][:10_000]
        return {"total": -2, "list": shown}

    def _create(self, entity: str, hit: Hit) -> Any:
        self._allowed(entity, "create")
        given = {name: one for name, one in hit.json.items() if name in ATTRIBUTES[entity]}
        for name in REQUIRED.get(entity, []):
            if given.get(name) in {None, ""}:
                raise EspoError(400, f"Field validation failure; field: {name}, type: required.")
        self._check(entity, given)
        skips = hit.headers.get("x-skip-duplicate-check") == "true"
        doubles = [row for row in self.kept[entity] if row.get("lastName") == given.get("lastName")]
        if entity == "Lead" and doubles and not skips:
            raise EspoError(409, "duplicate")
        return self.add(entity, **given)

    def _check(self, entity: str, given: Row) -> None:
        for name in ("name", "lastName"):
            if set(str(given.get(name, ""))) & set("<>="):
                raise EspoError(400, f"Field validation failure; field: {name}, type: pattern.")
        if entity == "Lead" and given.get("source", "") not in SOURCES:
            raise EspoError(400, "Field validation failure; field: source, type: valid.")
        if entity == "Call" and given.get("dateEnd", "9") <= given.get("dateStart", ""):
            raise EspoError(400, "Field validation failure; field: dateEnd, type: after.")
        if given.get("assignedUserId") in self.unassignable:
            raise EspoError(403, "Assignment failure: assigned user or team not allowed.")

    def _one(self, entity: str, record: str, hit: Hit) -> Any:
        self._allowed(entity, "read" if hit.verb == "GET" else "edit")
        row = self.record(entity, record)
        if hit.verb == "PUT":
            given = {name: one for name, one in hit.json.items() if name in ATTRIBUTES[entity]}
            self._check(entity, given)
            row.update(given, modifiedAt=self.moment())
        return row


def fits(row: Row, part: Row) -> bool:
    """Whether a record fits one item of `where`."""
    value, attribute = part["value"], part.get("attribute", "")
    if part["type"] == "or":
        return any(fits(row, one) for one in value)
    has = row.get(attribute)
    if attribute == "phoneNumberNumeric":
        has = "".join(filter(str.isdigit, row.get("phoneNumber") or ""))
    if part["type"] not in WHERE:
        raise EspoError(400, f"Bad where type {part['type']}.")
    return WHERE[part["type"]](row, attribute, has, value)


WHERE: dict[str, Callable[[Row, str, Any, Any], bool]] = {
    "equals": lambda _row, _name, has, value: bool(has == value),
    "in": lambda _row, _name, has, value: has in value,
    "contains": lambda _row, _name, has, value: value in (has or ""),
    "greaterThanOrEquals": lambda _row, _name, has, value: (has or "") >= value,
    "greaterThan": lambda _row, _name, has, value: (has or "") > value,
    "linkedWith": lambda row, name, _has, value: bool(
        set(row.get(f"{name}Ids") or []) & set(value)
    ),
}
