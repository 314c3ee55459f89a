"""Odoo 19 as calltrackd sees it: the JSON-2 API over tables in memory.

Answers, statuses and traps are those measured on Odoo 19.0: an unknown field is a 500, two changes
of one record at once are `ids: false` inside 200, a second `name_create` of a source makes
`google [2]`, marking an activity as done twice writes two messages, lost leads are archived, a link
may not become a file while it has its address.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from tests.fakes.crm_base import CrmFake, Hit, Reply
from tests.fakes.odoo_domain import fits

Row = dict[str, Any]
FIELDS: dict[str, dict[str, Any]] = {
    "crm.lead": {
        "name": False, "type": "opportunity", "phone": False, "contact_name": False,
        "partner_id": False, "user_id": False, "source_id": False, "medium_id": False,
        "campaign_id": False, "tag_ids": [], "description": False, "stage_id": [1, "New"],
        "team_id": [1, "Sales"], "won_status": "pending", "active": True,
        "expected_revenue": 0.0, "company_currency": [1, "RUB"], "date_closed": False,
        "phone_sanitized": False, "phone_mobile_search": False, "priority": "0",
    },
    "res.partner": {
        "name": False, "phone": False, "is_company": False, "user_id": False,
        "phone_mobile_search": False,
    },
    "res.users": {
        "name": False, "login": False, "email": False, "active": True, "share": False,
        "partner_id": False,
    },
    "mail.activity": {
        "res_model_id": False, "res_id": False, "activity_type_id": False, "summary": False,
        "note": False, "user_id": False, "date_deadline": False, "active": True,
    },
    "mail.message": {
        "model": False, "res_id": False, "body": "", "message_id": False, "author_id": False,
        "mail_activity_type_id": False, "attachment_ids": [], "subtype": False,
    },
    "ir.attachment": {
        "name": False, "type": "binary", "url": False, "datas": False, "res_model": False,
        "res_id": 0,
    },
    "discuss.channel": {"name": False, "channel_type": "channel", "channel_member_ids": []},
    "ir.module.module": {"name": False, "state": "installed"},
    "mail.activity.type": {"name": False, "category": "default"},
    "crm.stage": {"name": False, "is_won": False, "sequence": 1},
    "res.company": {"name": False, "country_id": False},
    **{model: {"name": False} for model in ("utm.source", "utm.medium", "utm.campaign", "crm.tag")},
}  # fmt: skip
"""Model -> field -> default."""
BOT = 5


class OdooError(Exception):
    """An exception in Odoo's own answer."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name = status, name


class OdooFake(CrmFake):
    """One database, `crm`, with users 5 (the key's) and 6 (Olga)."""

    rate: ClassVar[float | None] = 20.0
    """A worker's worth; calltrackd is set to 10."""
    burst: ClassVar[int] = 20
    key = "s3cr3t-token"
    database = "crm"

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.external: dict[str, tuple[str, int]] = {}
        self.conflicts = 0
        """So many of the next imports meet another change of the same record."""
        self.denied: set[tuple[str, str]] = set()
        """Model and operation that the user may not."""
        self.groups = True
        self._second = 0.0
        for user, name in ((BOT, "calltrackd"), (6, "Olga")):
            self.add(
                "res.users", id=user, name=name, login=name.lower(), partner_id=[user + 1, name]
            )
        for stage, name in enumerate(("New", "Qualified", "Proposition", "Won"), 1):
            self.add("crm.stage", id=stage, name=name, is_won=name == "Won")
        for module in ("crm", "phone_validation", "base_automation"):
            self.add("ir.module.module", name=module)
        self.add("mail.activity.type", id=2, name="Call", category="phonecall")
        self.add("res.company", id=1, name="My Company", country_id=[190, "Russian Federation"])

    # -- the test's hands

    def add(self, model: str, /, **values: Any) -> Row:
        """A record with its defaults."""
        now = self.second()
        defaults = {name: _copy(value) for name, value in FIELDS[model].items()}
        row = {**defaults, "create_date": now, "write_date": now, **values}
        if model == "crm.lead" and row["phone"]:
            row["phone_sanitized"] = row["phone"]
        return self.keep(model, **row)

    def record(self, model: str, record: int) -> Row:
        """A record by its id."""
        for row in self.kept[model]:
            if row["id"] == record:
                return row
        raise OdooError(404, "odoo.exceptions.MissingError", f"{model}({record},) was deleted")

    def change(self, model: str, record: int, **values: Any) -> None:
        """A user changes something."""
        self.record(model, record).update(values, write_date=self.second())

    def win(self, lead: int, amount: float = 0.0) -> None:
        """Somebody moves it to the stage Won."""
        closed = self.second()
        self.change("crm.lead", lead, stage_id=[4, "Won"], won_status="won", active=True,
                    date_closed=closed, expected_revenue=amount)  # fmt: skip

    def lose(self, lead: int) -> None:
        """Somebody gives it up: it is archived, its stage stays."""
        self.change("crm.lead", lead, won_status="lost", active=False, date_closed=self.second())

    def second(self) -> str:
        """A moment as Odoo shows it, later than the last one."""
        self._second = max(self._second + 1, int(self.clock()))
        return f"{datetime.fromtimestamp(self._second, UTC):%Y-%m-%d %H:%M:%S}"

    # -- requests

    async def answer(self, hit: Hit) -> Reply:
        if hit.path == "/web/version":
            return Reply({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        if hit.headers.get("x-odoo-database") != self.database:
            return Reply(b"<h1>Not Found</h1>", 404, {"Content-Type": "text/html"})
        try:
            return Reply(self._called(hit))
        except OdooError as error:
            debug = "Traceback (most recent call last): ..."
            body = {"name": error.name, "message": str(error), "context": {}, "debug": debug}
            return Reply(body, error.status)

    def _called(self, hit: Hit) -> Any:
        if hit.headers.get("authorization") != f"bearer {self.key}":
            raise OdooError(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
        _, _, _, model, method = hit.path.split("/")
        if model not in FIELDS:
            raise _not_found(f"the model '{model}' does not exist")
        does: Callable[..., Any] | None = getattr(self, f"_do_{method}", None)
        if does is None:
            raise _not_found(f"The method '{model}.{method}' does not exist")
        operation = {"load": "create", "name_create": "create"}.get(method, method)
        if (model, operation) in self.denied:
            text = f"You are not allowed to access '{model}' records."
            raise OdooError(403, "odoo.exceptions.AccessError", text)
        return does(model, **(hit.json or {}))

    def _do_context_get(self, _model: str) -> Any:
        return {"lang": "en_US", "tz": False, "uid": BOT}

    def _do_has_access(self, model: str, *, operation: str) -> bool:
        return (model, operation) not in self.denied

    def _do_has_group(self, _model: str, *, ids: list[int], group_ext_id: str) -> bool:
        assert ids == [BOT]
        assert group_ext_id == "sales_team.group_sale_salesman_all_leads"
        return self.groups

    def _do_fields_get(self, model: str, *, allfields: list[str], attributes: list[str]) -> Any:
        assert attributes == ["type"]
        return {name: {"type": "char"} for name in allfields if name in FIELDS[model]}

    def _do_search_read(
        self, model: str, *, domain: list[Any], fields: list[str], limit: int = 0, order: str = "id"
    ) -> list[Row]:
        archived = "active" in FIELDS[model] and not any(
            isinstance(part, list) and part[0] == "active" for part in domain
        )
        rows = [row for row in self.kept[model] if fits(domain, row)]
        rows = [row for row in rows if not archived or row["active"]]
        for part in reversed(order.split(",")):
            name, _, way = part.strip().partition(" ")
            rows.sort(key=lambda row, name=name: row[name], reverse=way == "desc")
        return [{"id": row["id"], **{name: row[name] for name in fields}} for row in rows][
            : limit or None
        ]

    def _do_load(
        self, model: str, *, fields: list[str], data: list[list[str]], context: Row | None = None
    ) -> Any:
        assert context is not None
        values = {
            name.partition("/")[0]: _reference(name, cell)
            for name, cell in zip(fields[1:], data[0][1:], strict=True)
        }
        self._check_fields(model, values)
        if self.conflicts:
            self.conflicts -= 1
            return _unloaded("could not serialize access due to concurrent update\n")
        user = values.get("user_id")
        if user and not any(row["id"] == user[0] for row in self.kept["res.users"]):
            return _unloaded(f"No matching record found for database id '{user[0]}'")
        name = data[0][0]
        if values.get("type") == "binary" and "url" not in values and self._is_link(name):
            return _unloaded("Sorry, you are not allowed to write on this document")
        if name in self.external:
            kept = self.external[name]
            assert kept[0] == model, f"{name} is the external id of a {kept[0]}"
            self.record(*kept).update(values)
            return {"ids": [kept[1]], "messages": []}
        made = self.add(model, **{"user_id": [BOT, "calltrackd"], **values}
                        if "user_id" in FIELDS[model] else values)  # fmt: skip
        self.external[name] = model, made["id"]
        return {"ids": [made["id"]], "messages": []}

    def _is_link(self, name: str) -> bool:
        return name in self.external and bool(self.record(*self.external[name])["url"])

    def _do_name_create(self, model: str, *, name: str) -> Any:
        there = sum(row["name"].partition(" [")[0] == name for row in self.kept[model])
        if there and model == "crm.tag":
            raise OdooError(422, "odoo.exceptions.ValidationError", "Tag name already exists!")
        made = self.add(model, name=f"{name} [{there + 1}]" if there else name)
        return [made["id"], made["name"]]

    def _do_create(self, model: str, *, vals_list: list[Row]) -> list[int]:
        for values in vals_list:
            self._check_fields(model, values)
        return [self.add(model, **values)["id"] for values in vals_list]

    def _do_write(self, model: str, *, ids: list[int], vals: Row) -> bool:
        self._check_fields(model, vals)
        row = self.record(model, ids[0])
        for name, value in vals.items():
            row[name] = _written(row[name], name, value)
        row["write_date"] = self.second()
        return True

    def _do_action_feedback(self, _model: str, *, ids: list[int], feedback: str) -> int:
        activity = self.record("mail.activity", ids[0])
        activity["active"] = False
        return self._message(
            "crm.lead" if activity["res_model_id"] == "crm.model_crm_lead" else "res.partner",
            int(activity["res_id"]),
            body=f"<div>{activity['summary']} {feedback}</div>",
            mail_activity_type_id=[2, "Call"],
        )

    def _do_message_post(
        self, model: str, *, ids: list[int], body: str, body_is_html: bool, subtype_xmlid: str,
        message_id: str | bool = False, message_type: str = "notification",
    ) -> list[int]:  # fmt: skip
        assert body_is_html
        assert message_type in {"notification", "comment"}
        self.record(model, ids[0])
        return [
            self._message(model, ids[0], body=body, message_id=message_id, subtype=subtype_xmlid)
        ]

    def _message(self, model: str, record: int, **values: Any) -> int:
        author = [BOT + 1, "calltrackd"]
        made = self.add("mail.message", model=model, res_id=record, author_id=author, **values)
        return int(made["id"])

    def _check_fields(self, model: str, values: Row) -> None:
        for name in values:
            if name not in FIELDS[model]:
                raise OdooError(500, "builtins.ValueError", f"Invalid field '{name}' in '{model}'")


def _not_found(text: str) -> OdooError:
    return OdooError(404, "werkzeug.exceptions.NotFound", text)


def _unloaded(text: str) -> Any:
    return {"ids": False, "messages": [{"type": "error", "record": 0, "message": text}]}


def _reference(name: str, cell: str) -> Any:
    """An imported cell as the record has it."""
    field, _, way = name.partition("/")
    if way == ".id":
        return [int(cell), cell] if cell else False
    if field in {"res_id"}:
        return int(cell)
    return cell or False


def _written(now: Any, name: str, value: Any) -> Any:
    if name.endswith("_ids"):
        kept = list(now)
        for command, one in value:
            kept = [*kept, one] if command == 4 and one not in kept else kept
            kept = [other for other in kept if other != one] if command == 3 else kept
        return kept
    return [value, str(value)] if name.endswith("_id") and isinstance(value, int) else value


def _copy(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value
